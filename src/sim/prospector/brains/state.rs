//! Affairs of state: what a rival does before the law. It bids for ground and for shares of a quota,
//! trades those, goes to court, joins and leaves, sponsors and votes, each by its own advantage.

use bevy::math::DVec3;

use super::Script;
use super::business::Board;
use crate::sim::economy::good::Good;
use crate::sim::economy::stores::Place;
use crate::sim::law::charter::{Article, Charter, Dividend, QUOTA_SHARES, Sponsor};
use crate::sim::law::disputes::Cause;
use crate::sim::law::rounds::Lot;
use crate::sim::law::titles::Title;
use crate::sim::level::{ProspectorKind, Temperament};
use crate::sim::order::Order;
use crate::sim::prospecting::Provenance;

/// Part of its free money that a rival bids for ground, at most.
const GROUND_SHARE: f64 = 0.02;
/// Dug by others on a claim before its holder goes to court [g].
const TRESPASS_MIN_G: i64 = 2_000_000;
/// Part of the proceeds of a year under shares of a quota that they are worth.
const QUOTA_WORTH: f64 = 0.2;

impl Script {
    /// Looks after its rights and duties, once a day.
    pub(super) fn attend_to_law(&mut self, board: &Board, orders: &mut Vec<Order>) {
        self.bid_for_titles(board, orders);
        self.trade_quota(board, orders);
        self.go_to_court(board, orders);
        self.take_part(board, orders);
    }

    fn bid_for_titles(&mut self, board: &Board, orders: &mut Vec<Order>) {
        let me = &board.seen.prospector;
        let regime = &board.public.regime;
        for auction in regime.rounds().open() {
            let worth = match auction.lot {
                Lot::Ground(ref ground) => {
                    let wants = board.seen.plants.first().is_some_and(|base| {
                        let reach_m = f64::from(board.habits.search_radius_m);
                        ground.centre_m().distance(base.position_m.as_dvec3()) < reach_m
                    });
                    // A free rider pays for nothing, and who has its claims leaves the rest.
                    let held = board.held_claims() < board.affairs.claims as usize;
                    let pays = board.habits.temperament != Temperament::FreeRider;
                    if !(wants && held && pays) {
                        continue;
                    }
                    GROUND_SHARE * board.free_credits()
                }
                Lot::QuotaShares(shares) => 0.5 * board.quota_worth(shares),
                Lot::Claim(_) => continue,
            };
            let least = 1e-6 * auction.least_ucr() as f64;
            let has_bid = auction.bid_of(me).is_some_and(|bid| {
                // The first bid of whoever filed is the fee, and it raises that once.
                auction.sealed && 0.9 * worth <= 1e-6 * bid.amount_ucr as f64
            });
            let leads = !auction.sealed && auction.best().is_some_and(|bid| bid.by == *me);
            if least <= worth && !has_bid && !leads {
                orders.push(Order::Bid {
                    auction: auction.id,
                    credits: worth.floor(),
                });
            }
        }
    }

    /// Sells shares of a quota that it will not use, and buys where it could sell more.
    fn trade_quota(&mut self, board: &Board, orders: &mut Vec<Order>) {
        let me = &board.seen.prospector;
        let regime = &board.public.regime;
        if regime.charter().quota.is_none() || !regime.binds(me) {
            return;
        }
        let own = regime.treasury().shares_of(me);
        let left = board.quota_left_share();
        let offers = || regime.titles().open();
        let offered = offers().any(|offer| offer.by == *me);
        let digs = !board.seen.robots.is_empty();
        let speculates = board.habits.temperament == Temperament::Speculator;
        // Who digs offers what it has over late in the year; who does not, and who speculates, all.
        let spare = if digs && !speculates {
            (board.year_part() > 0.6 && 0.5 < left).then_some(own / 4)
        } else {
            Some(own)
        };
        if let Some(shares) = spare.filter(|&shares| 0 < shares && !offered) {
            let asked = board.quota_worth(shares) * (1.0 + board.affairs.margin);
            if 1.0 <= asked {
                orders.push(Order::OfferTitle {
                    title: Title::Quota { shares },
                    price_credits: asked.floor(),
                    to: None,
                });
            }
        }
        let short = digs && left < 0.5;
        if !(short || speculates) {
            return;
        }
        let best = offers()
            .filter(|offer| offer.by != *me && offer.to.is_none())
            .filter_map(|offer| match offer.title {
                Title::Quota { shares } => {
                    let price = 1e-6 * offer.price_ucr as f64;
                    let keen = if speculates { 0.9 } else { 1.5 };
                    let gain = keen * board.quota_worth(shares) - price;
                    (price <= 0.5 * board.free_credits()).then_some((gain, offer.id))
                }
                Title::Claim { .. } | Title::Lease { .. } => None,
            })
            .max_by(|one, other| one.0.total_cmp(&other.0));
        if let Some((gain, offer)) = best
            && 0.0 < gain
        {
            orders.push(Order::AcceptTitle { offer });
        }
    }

    /// Complains of those who dig on its ground, and a claim jumper of those who hold ground that it
    /// had looked at before they did.
    fn go_to_court(&mut self, board: &Board, orders: &mut Vec<Order>) {
        let me = &board.seen.prospector;
        let regime = &board.public.regime;
        let Some(court) = regime.charter().disputes else {
            return;
        };
        if board.free_credits() < 4.0 * court.cost_credits
            || regime.disputes().pending().any(|dispute| dispute.by == *me)
        {
            return;
        }
        for claim in board.public.registry.standing() {
            if claim.holder == *me {
                let worst = claim.trespass_g.iter().max_by_key(|(_, mass_g)| **mass_g);
                if let Some((against, &mass_g)) = worst
                    && TRESPASS_MIN_G <= mass_g
                    && court.cost_credits < 1e-3 * mass_g as f64 * court.trespass_credits_per_kg
                {
                    orders.push(Order::Complain {
                        against: against.clone(),
                        cause: Cause::Trespass { claim: claim.id.0 },
                    });
                    return;
                }
            } else if board.habits.temperament == Temperament::ClaimJumper
                && !claim.is_reserved()
                && claim.readings_at_filing == 0
                && board.seen.readings.iter().any(|held| {
                    held.provenance == Provenance::Own
                        && held.reading.at_ms < claim.filed_at_ms
                        && claim.covers(DVec3::from(held.reading.point_m))
                })
            {
                orders.push(Order::Complain {
                    against: claim.holder.clone(),
                    cause: Cause::Priority { claim: claim.id.0 },
                });
                return;
            }
        }
    }

    /// Joins, leaves, sponsors and votes.
    fn take_part(&mut self, board: &Board, orders: &mut Vec<Order>) {
        let me = &board.seen.prospector;
        let regime = &board.public.regime;
        let charter = regime.charter();
        if let Some(treaty) = charter.treaty {
            let member = regime.is_member(me);
            let rides = board.habits.temperament == Temperament::FreeRider;
            let cheap = treaty.joining_credits <= 0.05 * board.free_credits();
            if !member && !treaty.outsiders_may_mine && cheap {
                orders.push(Order::JoinTreaty {});
            }
            // Outside it pays no royalty, and what the members protect it has anyway. Where they
            // share revenue and ground it stays.
            let pays = !charter.royalty.is_empty() && charter.fund.sales_share == 0.0;
            let free = treaty.leaving_credits <= 0.0;
            if member && rides && treaty.outsiders_may_mine && pays && free {
                orders.push(Order::LeaveTreaty {});
            }
        }
        if board.habits.temperament == Temperament::Agency
            && charter.credentials.sponsor == Sponsor::Agency
        {
            for citizen in regime.roster() {
                let needs = citizen.kind != ProspectorKind::Agency
                    && regime.standing().sponsor_of(&citizen.name).is_none();
                if needs {
                    orders.push(Order::Sponsor {
                        prospector: citizen.name.clone(),
                    });
                }
            }
        }
        for proposal in regime.politics().open() {
            if proposal.votes.contains_key(me) || !regime.is_member(me) {
                continue;
            }
            let gain: f64 = proposal
                .articles
                .iter()
                .map(|article| board.gain_by(charter, article))
                .sum();
            orders.push(Order::Vote {
                proposal: proposal.id,
                in_favour: 0.0 < gain,
            });
        }
    }
}

impl Board<'_> {
    pub(super) fn held_claims(&self) -> usize {
        let claims = self.seen.claims.iter();
        claims
            .filter(|claim| claim.owner == self.seen.prospector)
            .count()
    }

    /// Part of its entitlement of the year that is left, 0 to 1; 1 without a quota.
    fn quota_left_share(&self) -> f64 {
        let regime = &self.public.regime;
        let Some(quota) = &regime.charter().quota else {
            return 1.0;
        };
        let me = &self.seen.prospector;
        let node = quota
            .node
            .clone()
            .unwrap_or_else(|| self.seen.market.node.clone());
        let own = f64::from(regime.treasury().shares_of(me)) / f64::from(QUOTA_SHARES);
        let all_kg = quota.mass_kg_per_year * own;
        let Some(&good) = quota.goods.first() else {
            return 1.0;
        };
        match regime.quota_left_g(me, good, &node, self.seen.time_ms) {
            Some(left_g) if 0.0 < all_kg => 1e-3 * left_g as f64 / all_kg,
            Some(_) => 0.0,
            None => 1.0,
        }
    }

    /// Whether it has more of what the quota limits than it may sell in this year and the next.
    pub(super) fn has_more_than_its_quota(&self) -> bool {
        let regime = &self.public.regime;
        let me = &self.seen.prospector;
        let Some(quota) = &regime.charter().quota else {
            return false;
        };
        let node = quota
            .node
            .clone()
            .unwrap_or_else(|| self.seen.market.node.clone());
        let Some(&good) = quota.goods.first() else {
            return false;
        };
        let Some(left_g) = regime.quota_left_g(me, good, &node, self.seen.time_ms) else {
            return false;
        };
        let own = f64::from(regime.treasury().shares_of(me)) / f64::from(QUOTA_SHARES);
        let may_sell_kg = 1e-3 * left_g as f64 + own * quota.mass_kg_per_year;
        let limited = |of: Good| quota.goods.contains(&of);
        let stores = self.seen.stores.iter();
        let stored_kg: f64 = stores
            .filter(|store| limited(store.good))
            .map(|store| store.mass_kg)
            .sum();
        let cargoes = self.seen.shipments.iter();
        let under_way_kg: f64 = cargoes
            .filter(|cargo| limited(cargo.good))
            .map(|cargo| cargo.mass_kg)
            .sum();
        let in_tanks_kg = if limited(Good::Water) {
            self.spare_kg(Good::Water) - self.stored_kg(&Place::Site, Good::Water)
        } else {
            0.0
        };
        may_sell_kg <= stored_kg + under_way_kg + in_tanks_kg
    }

    /// Part of the year that is over, 0 to 1.
    fn year_part(&self) -> f64 {
        let year_ms = crate::sim::law::charter::YEAR_MS;
        (self.seen.time_ms % year_ms) as f64 / year_ms as f64
    }

    /// What shares of the quota are worth: part of what the goods under them would bring in what
    /// is left of the year and in the next.
    fn quota_worth(&self, shares: u32) -> f64 {
        let Some(quota) = &self.public.regime.charter().quota else {
            return 0.0;
        };
        let part = f64::from(shares) / f64::from(QUOTA_SHARES);
        let node = quota
            .node
            .clone()
            .unwrap_or_else(|| self.seen.market.node.clone());
        let price = quota
            .goods
            .iter()
            .filter_map(|&good| self.spot(&node, good))
            .fold(0.0, f64::max);
        QUOTA_WORTH * (2.0 - self.year_part()) * part * quota.mass_kg_per_year * price
    }

    /// Whether a changed article would be to its advantage: above 0 if so.
    ///
    /// Who sells less than the mean gains by a royalty that is shared out per head, and who sells
    /// more loses by it; limits on what may be sold or dug suit those who dig little.
    fn gain_by(&self, charter: &Charter, article: &Article) -> f64 {
        let regime = &self.public.regime;
        let sold = |name: &str| regime.records().of(name).map_or(0.0, |r| r.sold_ucr as f64);
        let heads = regime.roster().len() as f64;
        let all: f64 = regime.roster().iter().map(|each| sold(&each.name)).sum();
        let mine = sold(&self.seen.prospector);
        let below = if 0.0 < all {
            1.0 / heads - mine / all
        } else {
            0.0
        };
        let public_spirit = match self.habits.temperament {
            Temperament::Agency | Temperament::Cooperative => 0.1,
            Temperament::Corporation | Temperament::Speculator => -0.05,
            _ => 0.0,
        };
        let rate = |steps: &[crate::sim::law::charter::RoyaltyStep]| {
            steps.iter().map(|step| step.rate).fold(0.0, f64::max)
        };
        match article {
            Article::Royalty(steps) => {
                let rise = rate(steps) - rate(&charter.royalty);
                let shared = charter.dividend.rule != Dividend::Nothing;
                let worth = if shared {
                    below + public_spirit
                } else {
                    public_spirit - 0.05
                };
                rise * worth
            }
            Article::Fund(_) | Article::Dividend(_) => below + public_spirit,
            Article::Quota(quota) => {
                let limits = f64::from(u8::from(quota.is_some()));
                let limited = f64::from(u8::from(charter.quota.is_some()));
                (limits - limited) * (below + public_spirit)
            }
            _ => public_spirit,
        }
    }
}
