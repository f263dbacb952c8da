"""Linear algebra uses one thread where rounding must not depend on their number."""

from threadpoolctl import threadpool_info, threadpool_limits

from commstruct.threads import one_thread


def numbers_of_threads():
    return [library["num_threads"] for library in threadpool_info()]


def test_all_libraries_use_one_thread_within_and_as_many_as_before_after():
    with threadpool_limits(2):
        before = numbers_of_threads()
        assert 2 in before
        for _ in range(2):  # found anew, and found before
            with one_thread():
                assert set(numbers_of_threads()) == {1}
            assert numbers_of_threads() == before
