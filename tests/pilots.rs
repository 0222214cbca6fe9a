//! Pilots arrive where they said, at the cost they named.
