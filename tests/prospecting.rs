//! Instruments estimate, maps converge, and truth stays hidden.
