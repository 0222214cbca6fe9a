//! Money and goods: the ledger that keeps every balance, the market where goods are sold, and the
//! figures that tell how a rush went. It knows no physics; who digs what is told to it in grams.

pub mod auction;
pub mod commerce;
pub mod contracts;
pub mod credit;
pub mod deals;
pub mod exchange;
pub mod figures;
pub mod finance;
pub mod fleet;
pub mod good;
pub mod hire;
pub mod insolvency;
pub mod insurance;
pub mod labour;
pub mod ledger;
pub mod market;
pub mod markets;
pub mod price;
pub mod sale;
pub mod set_aside;
pub mod stores;
pub mod tables;
pub mod tenders;
pub mod venture;

#[cfg(test)]
mod tests;
