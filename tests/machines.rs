//! Machines are the sum of their modules, and wear out.
