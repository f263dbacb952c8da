"""Words: results as sentences and tables; no drawing."""
