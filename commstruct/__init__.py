"""The analysis: from any weight matrix or connectome to modules and a report."""
