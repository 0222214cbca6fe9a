//! What time brings to what prospectors have agreed: auctions by the hour, and all that falls due.
//!
//! Everything is due at times counted from the start of the run, never by the tick, so that long and
//! short ticks agree; several that fall into one long tick are held one by one, in order.

use bevy::prelude::*;

use super::trade::publish;
use crate::sim::economy::commerce::Commerce;
use crate::sim::economy::exchange::AUCTION_PERIOD_MS;
use crate::sim::economy::ledger::Ledger;
use crate::sim::order::Log;
use crate::sim::{Clock, SimSystems, Tick};

/// Holds auctions and settles what prospectors owe one another.
pub struct CommercePlugin;

impl Plugin for CommercePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, settle.in_set(SimSystems::Settle));
    }
}

fn settle(
    clock: Res<Clock>,
    mut ledger: ResMut<Ledger>,
    mut commerce: ResMut<Commerce>,
    mut log: ResMut<Log>,
) {
    let first = clock.time_ms() / AUCTION_PERIOD_MS + 1;
    let last = clock.end_ms() / AUCTION_PERIOD_MS;
    for now_ms in (first..=last).map(|hour| hour * AUCTION_PERIOD_MS) {
        let mut news = Vec::new();
        commerce.pass_hour(now_ms, &mut ledger, &mut news);
        publish(news, now_ms, &commerce, &mut log);
    }
}
