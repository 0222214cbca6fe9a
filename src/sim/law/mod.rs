//! Rules of the rush: who may dig where.

pub mod claims;
pub mod regime;
