//! Rules of the rush: who may dig where, what is due, and who decides.

pub mod charter;
pub mod claims;
pub mod regime;
mod words;
