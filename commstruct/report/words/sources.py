"""The sources that reports cite, as references and as BibTeX."""

import re
from dataclasses import dataclass

from commstruct.datasets import DATASET, Dataset, list_datasets

LICENSE = "GPL-3.0-or-later"
FAR = 60  # characters from the first author to the year of a citation in the text


@dataclass(frozen=True)
class Source:
    """A paper, book or program that a report cites.

    Attributes
    ----------
    authors : tuple of str
        ``"Family, G. H."``, in order; ``"others"`` last where not all are named. A
        name without a comma is that of a group.
    year : int, or None where there is none
    title : str
    journal, volume, pages : str
        Of an article, or of one in a collection; else empty.
    publisher, edition : str
        Of a book; else empty.
    doi : str, or empty without one
    licence, version : str
        Of a program; else empty. The version is empty too where it is not known.
    """

    authors: tuple[str, ...]
    year: int | None
    title: str
    journal: str = ""
    volume: str = ""
    pages: str = ""
    publisher: str = ""
    edition: str = ""
    doi: str = ""
    licence: str = ""
    version: str = ""

    @property
    def family(self) -> str:
        """Family name of the first author."""
        return self.authors[0].split(",")[0]

    @property
    def key(self) -> str:
        """Key of the BibTeX entry: first author, year, first long word of the title."""
        if self.licence:
            return self.title
        words = re.findall(r"[A-Za-z]{4,}", self.title)
        family = re.sub(r"[^a-z]", "", self.family.translate(_PLAIN).lower())
        return f"{family}{self.year or ''}{words[0].lower() if words else ''}"

    def reference(self) -> str:
        """The line of a list of references."""
        names = [
            f"{family} {initials.replace('. ', '').strip('.')}".strip()
            for family, _, initials in (name.partition(", ") for name in self.authors)
        ]
        names = ["et al." if name == "others" else name for name in names]
        text = ", ".join(names).replace(", et al.", " et al.")
        text += f" ({self.year}) " if self.year else ": "
        text += self.title
        if self.licence:
            text += f", version {self.version}" if self.version else ""
            return f"{text} ({self.licence})."
        where = " ".join(filter(None, (self.journal, self.volume)))
        where += f", {self.pages}" if self.pages else ""
        where = where or ", ".join(
            filter(None, (self.publisher, self.edition and f"{self.edition} edition"))
        )
        text = f"{text}. {where}".replace("--", "\u2013")
        return f"{text}. doi:{self.doi}" if self.doi else f"{text}."

    def bibtex(self) -> str:
        """The entry of a BibTeX file, in ASCII."""
        kind = "misc" if self.licence else "article" if self.journal else "book"
        fields = {
            "author": " and ".join(
                name if "," in name or name == "others" else f"{{{name}}}"
                for name in self.authors
            ),
            "title": f"{{{self.title}}}",  # in braces, which keep its capitals
            "year": str(self.year or ""),
            "journal": self.journal,
            "volume": self.volume,
            "pages": re.sub(r"(?<=\d)-(?=\d)", "--", self.pages),
            "publisher": self.publisher,
            "edition": self.edition,
            "doi": self.doi,
            "note": ", ".join(
                filter(None, (self.version and f"version {self.version}", self.licence))
            ),
        }
        lines = [
            f"  {name} = {{{value if name == 'doi' else value.translate(_LATEX)}}},"
            for name, value in fields.items()
            if value
        ]
        return "\n".join([f"@{kind}{{{self.key},", *lines, "}", ""])


_PLAIN = str.maketrans("\u00e9\u00f3", "eo")
_LATEX = str.maketrans(
    {
        "\u00e9": "{\\'e}",
        "\u00d8": "{\\O}",
        "\u00f3": "{\\'o}",
        "\u2013": "--",
        "&": "\\&",
        "%": "\\%",
        "#": "\\#",
        "_": "\\_",
    }
)


def _article(
    authors: str, year: int, title: str, where: tuple[str, str, str], doi: str = ""
) -> Source:
    """An article, its authors with semicolons between."""
    journal, volume, pages = where
    return Source(
        authors=tuple(authors.split("; ")),
        year=year,
        title=title,
        journal=journal,
        volume=volume,
        pages=pages,
        doi=doi,
    )


METHODS = (
    _article(
        "Aicher, C.; Jacobs, A. Z.; Clauset, A.",
        2015,
        "Learning latent block structure in weighted networks",
        ("Journal of Complex Networks", "3", "221--248"),
        "10.1093/comnet/cnu026",
    ),
    _article(
        "Alekseyenko, A. V.",
        2016,
        "Multivariate Welch t-test on distances",
        ("Bioinformatics", "32", "3552--3558"),
        "10.1093/bioinformatics/btw524",
    ),
    _article(
        "Almeida, L. B.",
        1987,
        "A learning rule for asynchronous perceptrons with feedback in a combinatorial "
        "environment",
        (
            "Proceedings of the IEEE First Conference on Neural Networks",
            "2",
            "609--618",
        ),
    ),
    _article(
        "Anderson, M. J.",
        2006,
        "Distance-based tests for homogeneity of multivariate dispersions",
        ("Biometrics", "62", "245--253"),
        "10.1111/j.1541-0420.2005.00440.x",
    ),
    _article(
        "Benjamini, Y.; Hochberg, Y.",
        1995,
        "Controlling the false discovery rate: a practical and powerful approach to "
        "multiple testing",
        ("Journal of the Royal Statistical Society Series B", "57", "289--300"),
        "10.1111/j.2517-6161.1995.tb02031.x",
    ),
    _article(
        "Betzel, R. F.; Bassett, D. S.",
        2018,
        "Specificity and robustness of long-distance connections in weighted, "
        "interareal connectomes",
        ("Proceedings of the National Academy of Sciences", "115", "E4880--E4889"),
        "10.1073/pnas.1720186115",
    ),
    _article(
        "Bonett, D. G.",
        2008,
        "Confidence intervals for standardized linear contrasts of means",
        ("Psychological Methods", "13", "99--109"),
        "10.1037/1082-989X.13.2.99",
    ),
    _article(
        "Cameron, A. C.; Gelbach, J. B.; Miller, D. L.",
        2011,
        "Robust inference with multiway clustering",
        ("Journal of Business & Economic Statistics", "29", "238--249"),
        "10.1198/jbes.2010.07136",
    ),
    Source(
        authors=("Cohen, J.",),
        year=1988,
        title="Statistical power analysis for the behavioral sciences",
        publisher="Lawrence Erlbaum Associates",
        edition="2nd",
    ),
    _article(
        "Davidson, R.; Flachaire, E.",
        2008,
        "The wild bootstrap, tamed at last",
        ("Journal of Econometrics", "146", "162--169"),
        "10.1016/j.jeconom.2008.08.003",
    ),
    _article(
        "Fan, X.; Mysore, S. P.",
        2025,
        "Contribute to balance, wire in accordance: emergence of backpropagation from "
        "a simple, bio-plausible neuroplasticity rule",
        ("arXiv", "", "2405.14139"),
        "10.48550/arXiv.2405.14139",
    ),
    _article(
        "Fortunato, S.; Barth\u00e9lemy, M.",
        2007,
        "Resolution limit in community detection",
        ("Proceedings of the National Academy of Sciences", "104", "36--41"),
        "10.1073/pnas.0605965104",
    ),
    _article(
        "Freedman, D.; Lane, D.",
        1983,
        "A nonstochastic interpretation of reported significance levels",
        ("Journal of Business & Economic Statistics", "1", "292--298"),
        "10.1080/07350015.1983.10509354",
    ),
    _article(
        "G\u00f3mez, S.; Jensen, P.; Arenas, A.",
        2009,
        "Analysis of community structure in networks of correlated data",
        ("Physical Review E", "80", "016114"),
        "10.1103/PhysRevE.80.016114",
    ),
    _article(
        "Hartley, H. O.; Rao, J. N. K.; Kiefer, G.",
        1969,
        "Variance estimation with one unit per stratum",
        ("Journal of the American Statistical Association", "64", "841--851"),
    ),
    _article(
        "Hirschberger, M.; Qi, Y.; Steuer, R. E.",
        2007,
        "Randomly generating portfolio-selection covariance matrices with specified "
        "distributional characteristics",
        ("European Journal of Operational Research", "177", "1610--1625"),
        "10.1016/j.ejor.2005.10.014",
    ),
    _article(
        "Holland, P. W.; Leinhardt, S.",
        1981,
        "An exponential family of probability distributions for directed graphs",
        ("Journal of the American Statistical Association", "76", "33--50"),
        "10.1080/01621459.1981.10477598",
    ),
    _article(
        "Hubert, L.; Arabie, P.",
        1985,
        "Comparing partitions",
        ("Journal of Classification", "2", "193--218"),
        "10.1007/BF01908075",
    ),
    _article(
        "Johansen, S.",
        1980,
        "The Welch\u2013James approximation to the distribution of the residual sum of "
        "squares in a weighted linear regression",
        ("Biometrika", "67", "85--92"),
        "10.1093/biomet/67.1.85",
    ),
    _article(
        "Lancichinetti, A.; Fortunato, S.",
        2012,
        "Consensus clustering in complex networks",
        ("Scientific Reports", "2", "336"),
        "10.1038/srep00336",
    ),
    _article(
        "Langsrud, \u00d8.",
        2005,
        "Rotation tests",
        ("Statistics and Computing", "15", "53--60"),
        "10.1007/s11222-005-4789-5",
    ),
    _article(
        "Leicht, E. A.; Newman, M. E. J.",
        2008,
        "Community structure in directed networks",
        ("Physical Review Letters", "100", "118703"),
        "10.1103/PhysRevLett.100.118703",
    ),
    _article(
        "MacKinnon, J. G.; White, H.",
        1985,
        "Some heteroskedasticity-consistent covariance matrix estimators with improved "
        "finite sample properties",
        ("Journal of Econometrics", "29", "305--325"),
        "10.1016/0304-4076(85)90158-7",
    ),
    _article(
        "Maslov, S.; Sneppen, K.",
        2002,
        "Specificity and stability in topology of protein networks",
        ("Science", "296", "910--913"),
        "10.1126/science.1065103",
    ),
    _article(
        "Mucha, P. J.; Richardson, T.; Macon, K.; Porter, M. A.; Onnela, J.-P.",
        2010,
        "Community structure in time-dependent, multiscale, and multiplex networks",
        ("Science", "328", "876--878"),
        "10.1126/science.1184819",
    ),
    _article(
        "Phipson, B.; Smyth, G. K.",
        2010,
        "Permutation P-values should never be zero: calculating exact P-values when "
        "permutations are randomly drawn",
        ("Statistical Applications in Genetics and Molecular Biology", "9", "39"),
        "10.2202/1544-6115.1585",
    ),
    _article(
        "Pineda, F. J.",
        1987,
        "Generalization of back-propagation to recurrent neural networks",
        ("Physical Review Letters", "59", "2229--2232"),
        "10.1103/PhysRevLett.59.2229",
    ),
    _article(
        "Rubinov, M.; Sporns, O.",
        2011,
        "Weight-conserving characterization of complex functional brain networks",
        ("NeuroImage", "56", "2068--2079"),
        "10.1016/j.neuroimage.2011.03.069",
    ),
    _article(
        "Traag, V. A.; Waltman, L.; van Eck, N. J.",
        2019,
        "From Louvain to Leiden: guaranteeing well-connected communities",
        ("Scientific Reports", "9", "5233"),
        "10.1038/s41598-019-41695-z",
    ),
    _article(
        "Vandesompele, J.; De Preter, K.; Pattyn, F.; Poppe, B.; Van Roy, N.; "
        "De Paepe, A.; Speleman, F.",
        2002,
        "Accurate normalization of real-time quantitative RT-PCR data by geometric "
        "averaging of multiple internal control genes",
        ("Genome Biology", "3", "research0034"),
        "10.1186/gb-2002-3-7-research0034",
    ),
    Source(
        authors=("Westfall, P. H.", "Young, S. S."),
        year=1993,
        title="Resampling-based multiple testing: examples and methods for p-value "
        "adjustment",
        publisher="Wiley",
    ),
    _article(
        "Winkler, A. M.; Ridgway, G. R.; Webster, M. A.; Smith, S. M.; Nichols, T. E.",
        2014,
        "Permutation inference for the general linear model",
        ("NeuroImage", "92", "381--397"),
        "10.1016/j.neuroimage.2014.01.060",
    ),
    _article(
        "Zalesky, A.; Fornito, A.; Bullmore, E. T.",
        2010,
        "Network-based statistic: identifying differences in brain networks",
        ("NeuroImage", "53", "1197--1207"),
        "10.1016/j.neuroimage.2010.06.041",
    ),
)
"""Sources of all methods, by first author and year."""


def cited_in(text: str) -> list[Source]:
    """Methods whose DOI, or first author and year, are in a text."""
    return [one for one in METHODS if _is_cited(one, text)]


def data_cited_in(text: str) -> list[Source]:
    """Sources of the shipped data sets that a text names or cites."""
    found = [
        data_source(one)
        for one in list_datasets()
        if re.search(rf"{DATASET}{re.escape(one.name)}(?![\w-])", text)
        or one.source in text
    ]
    return list(dict.fromkeys(one for one in found if one is not None))


def data_source(dataset: Dataset) -> Source | None:
    """Source of a shipped data set; None for what was made with this package."""
    parts = re.fullmatch(r"(.+?) \((\d{4})\) (.+?)\. (.+)", dataset.source)
    if parts is None:
        return None
    people, year, title, where = parts.groups()
    names = people.removesuffix(" et al.").split(", ")
    authors = tuple(_with_comma(name) for name in names)
    authors += ("others",) * people.endswith(" et al.")
    place = re.fullmatch(r"(.+) (\d+), ([\d-]+)", where)
    journal, volume, pages = place.groups() if place else ("", "", "")
    return Source(
        authors=authors,
        year=int(year),
        title=title,
        journal=journal,
        volume=volume,
        pages=pages,
        publisher="" if place else where,
        doi=dataset.doi or "",
    )


def program(version: str) -> Source:
    """Source of the program itself, as in CITATION.cff; the version may be empty."""
    return Source(
        authors=("The commstruct developers",),
        year=None,
        title="commstruct",
        licence=LICENSE,
        version=version,
    )


def _with_comma(name: str) -> str:
    """``"Cook SJ"`` as ``"Cook, S. J."``."""
    family, initials = name.rsplit(" ", 1)
    return f"{family}, {' '.join(f'{letter}.' for letter in initials)}"


def _is_cited(source: Source, text: str) -> bool:
    """Whether its DOI is there, or the family name shortly before the year."""
    if source.doi and source.doi in text:
        return True
    family = re.escape(source.family)
    return bool(re.search(rf"\b{family}\b[^0-9;]{{0,{FAR}}}\b{source.year}\b", text))
