"""Words: what is known of an analysis, as sentences and tables; no drawing."""
