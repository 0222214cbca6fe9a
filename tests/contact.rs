//! Contact makes no energy, and what rests stays at rest.
