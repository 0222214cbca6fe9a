//! Rules of the rush: who may dig where, what is due, who shares, and who decides.
//!
//! [`charter`] holds the rules as data, [`regime`] what follows from them. Others tell the law
//! what happens through a few hooks: [`Regime::check_sale`], [`Regime::dues`] and
//! [`Regime::book_sale`] with every sale, [`Regime::record_dig`] with every shovel,
//! [`Regime::record_pouring`] and [`Regime::record_debris`] with what is let go, and
//! [`Regime::may_dig`] and [`Regime::may_land`] before orders are taken.
//!
//! [`Regime::check_sale`]: regime::Regime::check_sale
//! [`Regime::dues`]: regime::Regime::dues
//! [`Regime::book_sale`]: regime::Regime::book_sale
//! [`Regime::record_dig`]: regime::Regime::record_dig
//! [`Regime::record_pouring`]: regime::Regime::record_pouring
//! [`Regime::record_debris`]: regime::Regime::record_debris
//! [`Regime::may_dig`]: regime::Regime::may_dig
//! [`Regime::may_land`]: regime::Regime::may_land

pub mod boundary;
pub mod charter;
pub mod claims;
pub mod deals;
pub mod disputes;
pub mod inspection;
mod keeping;
pub mod politics;
pub mod regime;
pub mod rounds;
pub mod standing;
pub mod titles;
pub mod treasury;
pub mod view;
mod words;

#[cfg(test)]
mod tests;

pub use keeping::LawPlugin;
