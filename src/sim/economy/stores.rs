//! Stores: the goods of a prospector at a place.
//!
//! A store is an account of the [`ledger`](super::ledger), opened when something first comes to
//! lie there. What is in a machine (a bin, a hopper, a tank) is not in a store.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::good::{Good, Stage};
use super::ledger::{AccountId, AccountKind, Ledger, Unit};
use super::tables;
use crate::sim::asteroid::{Contents, Feedstock};

/// Where goods can lie. In orders and files it is a word: `Site`, or the id of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Place {
    /// On the body, beside the plants.
    Site,
    /// A node by its id, such as `EML1` or `Earth`.
    Node(String),
}

impl From<String> for Place {
    fn from(word: String) -> Self {
        if word == "Site" {
            Self::Site
        } else {
            Self::Node(word)
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        match place {
            Place::Site => "Site".to_owned(),
            Place::Node(id) => id,
        }
    }
}

impl Place {
    /// Whether there is such a place.
    pub fn exists(&self) -> bool {
        match self {
            Self::Site => true,
            Self::Node(id) => tables::is_node(id),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site => f.write_str("the site"),
            Self::Node(id) => f.write_str(id),
        }
    }
}

/// The accounts of all stores, by the name of the owner, the place and the good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    accounts: BTreeMap<String, BTreeMap<(Place, Good), AccountId>>,
    /// What all the stored concentrate of a kind holds together. A gram of it is a gram of the blend,
    /// whoever owns it: concentrates are poured together, as grain is in an elevator.
    blends: BTreeMap<Good, Feedstock>,
}

impl Stores {
    /// The account of a store, if anything ever lay in it.
    pub fn find(&self, owner: &str, place: &Place, good: Good) -> Option<AccountId> {
        self.accounts
            .get(owner)?
            .get(&(place.clone(), good))
            .copied()
    }

    /// The account of a store, opened if there is none yet.
    pub fn open(
        &mut self,
        ledger: &mut Ledger,
        owner: &str,
        place: &Place,
        good: Good,
    ) -> AccountId {
        if let Some(account) = self.find(owner, place, good) {
            return account;
        }
        let at = match place {
            Place::Site => "site",
            Place::Node(id) => id,
        };
        let account = ledger.open(
            format!("store:{owner}:{at}:{}", good.as_str()),
            Unit::Good(good),
            AccountKind::Holding,
            0,
        );
        self.accounts
            .entry(owner.to_owned())
            .or_default()
            .insert((place.clone(), good), account);
        account
    }

    /// What all stored concentrate of a kind holds; nothing for goods that are pure.
    pub fn blend(&self, good: Good) -> Feedstock {
        self.blends.get(&good).copied().unwrap_or_default()
    }

    /// Adds what a newly made concentrate holds to the blend; pure goods are not blended.
    pub(in crate::sim) fn reblend(&mut self, good: Good, made: Feedstock) {
        if good.stage() == Stage::Concentrate {
            self.blends.entry(good).or_default().add(made);
        }
    }

    /// Takes so much of the blend out, because it is worked on or has left the world.
    pub(in crate::sim) fn unblend(&mut self, good: Good, mass_g: i64) -> Contents {
        self.blends
            .get_mut(&good)
            .map_or_else(Contents::default, |blend| blend.take(mass_g).contents)
    }

    /// What lies in a store [g].
    pub fn held_g(&self, ledger: &Ledger, owner: &str, place: &Place, good: Good) -> i64 {
        self.find(owner, place, good)
            .map_or(0, |account| ledger.balance(account))
    }

    /// Every store of an owner, with its account.
    pub fn of(&self, owner: &str) -> impl Iterator<Item = (&Place, Good, AccountId)> {
        self.accounts
            .get(owner)
            .into_iter()
            .flatten()
            .map(|((place, good), &account)| (place, *good, account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::economy::ledger::Memo;

    #[test]
    fn a_place_is_a_word() {
        for (place, word) in [
            (Place::Site, "\"Site\""),
            (Place::Node("EML1".to_owned()), "\"EML1\""),
        ] {
            assert_eq!(serde_json::to_string(&place).unwrap(), word);
            assert_eq!(serde_json::from_str::<Place>(word).unwrap(), place);
            assert!(place.exists());
        }
        assert!(!Place::Node("Moon".to_owned()).exists());
    }

    #[test]
    fn what_is_put_into_a_store_lies_there_and_nowhere_else() {
        let mut ledger = Ledger::default();
        let rock = ledger.open("rock", Unit::Good(Good::Rock), AccountKind::Holding, 500);
        let mut stores = Stores::default();
        let depot = Place::Node("EML1".to_owned());
        assert_eq!(stores.held_g(&ledger, "a", &depot, Good::Water), 0);
        let account = stores.open(&mut ledger, "a", &depot, Good::Water);
        assert_eq!(
            stores.open(&mut ledger, "a", &depot, Good::Water),
            account,
            "opened once"
        );
        ledger.transfer(0, rock, account, 120, Memo::Baked).unwrap();
        assert_eq!(stores.held_g(&ledger, "a", &depot, Good::Water), 120);
        assert_eq!(stores.held_g(&ledger, "a", &Place::Site, Good::Water), 0);
        assert_eq!(stores.held_g(&ledger, "b", &depot, Good::Water), 0);
        let all: Vec<_> = stores.of("a").collect();
        assert_eq!(all, [(&depot, Good::Water, account)]);
    }
}
