//! The queue before the oven: lots of rock with their owners, and the terms on which a plant works
//! for others.

use serde::{Deserialize, Serialize};

use crate::sim::asteroid::Feedstock;
use crate::sim::prospector::ProspectorId;

/// What a plant takes for its work on a lot: those of the day on which the lot was tipped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toll {
    /// Paid by the lot's owner when its rock is worked [µcr/kg].
    pub tariff_ucr_per_kg: i64,
    /// Of each product, kept by the plant's owner.
    pub product_share_ppm: u64,
}

impl Toll {
    /// What the tariff of so much rock comes to, in thousandths of a micro-credit.
    pub(super) fn due_milli_ucr(&self, mass_g: i64) -> i64 {
        self.tariff_ucr_per_kg.saturating_mul(mass_g)
    }

    /// How much rock some money pays for, on top of what is due already [g].
    pub(super) fn payable_g(&self, balance_ucr: i64, due_milli_ucr: i64) -> i64 {
        if self.tariff_ucr_per_kg == 0 {
            return i64::MAX;
        }
        let milli = i128::from(balance_ucr) * 1000 + 999 - i128::from(due_milli_ucr);
        i64::try_from(milli / i128::from(self.tariff_ucr_per_kg)).unwrap_or(i64::MAX)
    }
}

/// For whom a plant works besides its owner, and on what terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub toll: Toll,
    /// `None` is everybody.
    pub to: Option<Vec<ProspectorId>>,
}

impl Opening {
    pub fn admits(&self, guest: ProspectorId) -> bool {
        self.to.as_ref().is_none_or(|to| to.contains(&guest))
    }
}

/// Rock of one owner that waits in the hopper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    pub owner: ProspectorId,
    pub rock: Feedstock,
    pub toll: Toll,
}

/// Puts rock at the end of a queue, to the last lot if that has the same owner and terms.
pub(super) fn join(lots: &mut Vec<Lot>, owner: ProspectorId, rock: Feedstock, toll: Toll) {
    if rock.mass_g == 0 {
        return;
    }
    match lots.last_mut() {
        Some(last) if last.owner == owner && last.toll == toll => last.rock.add(rock),
        _ => lots.push(Lot { owner, rock, toll }),
    }
}
