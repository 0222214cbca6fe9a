//! Bodies of every origin can be made, stood on and turned.
