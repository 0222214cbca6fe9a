//! Orders under the law: ground is filed, titles change hands, complaints are brought, rules are
//! voted on. What the charter makes of each stands in `law`.

use bevy::math::DVec3;

use super::Desk;
use crate::sim::economy::ledger::Memo;
use crate::sim::law::boundary::Boundary;
use crate::sim::law::claims::{Claim, ClaimId, ClaimRequest};
use crate::sim::law::regime::{Filed, order_ucr};
use crate::sim::law::titles::Title;
use crate::sim::order::{Order, Refusal, Severity};
use crate::sim::prospecting::Provenance;
use crate::sim::prospector::ProspectorId;
use crate::sim::robot::command::own_robot;

/// The largest sum that an order may name [credits].
const SUM_MAX_CREDITS: f64 = 1e9;
/// The longest lease [days].
const LEASE_MAX_DAYS: f64 = 36_525.0;

/// A refusal in the words of what was refused.
fn because(error: impl std::fmt::Display) -> Refusal {
    Refusal::because(error.to_string())
}

/// A sum that an order names [µcr].
fn sum_ucr(field: &str, credits: f64) -> Result<i64, Refusal> {
    if (0.0..=SUM_MAX_CREDITS).contains(&credits) {
        Ok(order_ucr(credits))
    } else {
        Err(Refusal::because(format!(
            "{field} = {credits} must be from 0 to {SUM_MAX_CREDITS:e}"
        )))
    }
}

impl Desk<'_, '_> {
    pub(super) fn practise_law(
        &mut self,
        sender: ProspectorId,
        order: &Order,
    ) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let by = self.prospectors.name(sender).to_owned();
        match order {
            Order::FileClaim { robot, radius_m } => self.file_cap(sender, robot, *radius_m),
            Order::FileBoundary { robot, corners_m } => {
                self.file_polygon(sender, robot.as_deref(), corners_m)
            }
            Order::RenewClaim { claim } => self.renew(&by, ClaimId(*claim)),
            Order::AbandonClaim { claim } => {
                self.registry
                    .release(now_ms, ClaimId(*claim), &by)
                    .map_err(because)?;
                self.log
                    .announce(now_ms, format!("{by} gives claim {claim} up"));
                Ok(())
            }
            Order::AuctionClaim {
                claim,
                reserve_credits,
            } => {
                let reserve_ucr = sum_ucr("reserve_credits", *reserve_credits)?;
                let id = self
                    .regime
                    .put_up_claim(&self.registry, now_ms, &by, ClaimId(*claim), reserve_ucr)
                    .map_err(because)?;
                let text = format!("{by} puts claim {claim} up for auction, number {id}");
                self.log.announce(now_ms, text);
                Ok(())
            }
            Order::Bid { auction, credits } => self.bid(sender, *auction, *credits),
            Order::OfferTitle {
                title,
                price_credits,
                to,
            } => self.offer_title(&by, *title, *price_credits, to.as_deref()),
            Order::WithdrawTitle { offer } => {
                self.regime.withdraw_title(*offer, &by).map_err(because)
            }
            Order::AcceptTitle { offer } => {
                let text = self
                    .regime
                    .accept_title(&mut self.registry, &mut self.ledger, now_ms, *offer, &by)
                    .map_err(because)?;
                self.log.announce(now_ms, text);
                Ok(())
            }
            Order::Complain { against, cause } => {
                let claim = self.registry.get(cause.claim());
                let readings = claim.map_or(0, |claim| self.older_readings(sender, claim));
                let id = self
                    .regime
                    .complain(
                        &self.registry,
                        &mut self.ledger,
                        now_ms,
                        &by,
                        against,
                        *cause,
                        readings,
                    )
                    .map_err(because)?;
                let text = format!("{by} brings a complaint against {against}, dispute {id}");
                self.log.announce(now_ms, text);
                Ok(())
            }
            Order::GrantPassage { to } => self.set_passage(&by, to, true),
            Order::RevokePassage { to } => self.set_passage(&by, to, false),
            Order::ProposeChange { articles, reason } => self
                .regime
                .propose(&mut self.log, now_ms, &by, articles, reason)
                .map(|_| ())
                .map_err(because),
            Order::Vote {
                proposal,
                in_favour,
            } => self
                .regime
                .vote(now_ms, &by, *proposal, *in_favour)
                .map_err(because),
            Order::JoinTreaty {} => {
                self.regime
                    .join(&mut self.ledger, now_ms, &by)
                    .map_err(because)?;
                self.log.announce(now_ms, format!("{by} joins the treaty"));
                Ok(())
            }
            Order::LeaveTreaty {} => {
                self.regime
                    .leave(&mut self.ledger, now_ms, &by)
                    .map_err(because)?;
                self.log.announce(now_ms, format!("{by} leaves the treaty"));
                Ok(())
            }
            Order::Sponsor { prospector } => {
                self.regime.sponsor(&by, prospector).map_err(because)?;
                self.log
                    .announce(now_ms, format!("{by} answers for {prospector}"));
                Ok(())
            }
            Order::EndSponsorship { prospector } => {
                self.regime
                    .end_sponsorship(&by, prospector)
                    .map_err(because)?;
                let text = format!("{by} no longer answers for {prospector}");
                self.log.announce(now_ms, text);
                Ok(())
            }
            _ => unreachable!("no order under the law"),
        }
    }

    /// Whether a prospector stands well enough with the law to dig now.
    pub(super) fn permit_digging(&self, sender: ProspectorId) -> Result<(), Refusal> {
        self.regime
            .check_standing(&self.ledger, self.prospectors.name(sender))
            .map_err(because)
    }

    /// Takes what the law asks of whoever begins to dig.
    pub(super) fn begin_digging(&mut self, sender: ProspectorId) {
        let name = self.prospectors.name(sender);
        self.regime
            .begin(&mut self.ledger, self.clock.time_ms(), name);
    }

    fn file_cap(
        &mut self,
        sender: ProspectorId,
        robot: &str,
        radius_m: f64,
    ) -> Result<(), Refusal> {
        let foot_m = self.foot_m(sender, robot)?;
        let boundary = Boundary::cap(foot_m, radius_m).map_err(because)?;
        self.file(sender, boundary, &format!("{radius_m:.0} m around {robot}"))
    }

    fn file_polygon(
        &mut self,
        sender: ProspectorId,
        robot: Option<&str>,
        corners_m: &[[f64; 3]],
    ) -> Result<(), Refusal> {
        let corners_m: Vec<DVec3> = corners_m
            .iter()
            .map(|corner| {
                let corner_m = DVec3::from_array(*corner);
                // What is not a place is refused below, with its number.
                if corner_m.is_finite() && corner_m.length() < 1e9 {
                    self.terrain.surface_below(corner_m)
                } else {
                    DVec3::NAN
                }
            })
            .collect();
        let boundary = Boundary::polygon(&corners_m, self.registry.body_m()).map_err(because)?;
        if self.regime.charter().claims.on_the_spot {
            let Some(robot) = robot else {
                return Err(Refusal::because(
                    "the charter wants a robot of yours to stand on the ground that is claimed",
                ));
            };
            if !boundary.covers(self.foot_m(sender, robot)?) {
                return Err(Refusal::because(format!(
                    "{robot} stands outside the boundary"
                )));
            }
        }
        let what = format!(
            "{:.0} m² within {} corners",
            boundary.area_m2(),
            corners_m.len()
        );
        self.file(sender, boundary, &what)
    }

    /// Where a robot of one's own stands.
    fn foot_m(&mut self, sender: ProspectorId, robot: &str) -> Result<DVec3, Refusal> {
        let (robot, motion, ..) = own_robot(&mut self.robots, sender, robot)?;
        if !(motion.at_rest || motion.touching) {
            return Err(Refusal::because(format!(
                "{} must stand on the claim",
                robot.name
            )));
        }
        let at_m = motion.position_m.as_dvec3();
        Ok(at_m - robot.half_height_m() * self.terrain.up(at_m))
    }

    fn file(
        &mut self,
        sender: ProspectorId,
        boundary: Boundary,
        what: &str,
    ) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let holder = self.prospectors.name(sender).to_owned();
        let request = self.request(sender, boundary);
        let terrain = &self.terrain;
        let filed = self
            .regime
            .file_ground(
                &mut self.registry,
                &mut self.ledger,
                now_ms,
                request,
                |place_m| terrain.surface_below(place_m),
            )
            .map_err(because)?;
        let text = match filed {
            Filed::Claim { claim, reserved } => {
                let beside = reserved.map_or(String::new(), |id| {
                    format!("; a second site is reserved as claim {}", id.0)
                });
                format!("{holder} holds claim {}, {what}{beside}", claim.0)
            }
            Filed::Auction(id) => format!("{holder} puts {what} up for auction, number {id}"),
            Filed::Ticket => format!("{holder} has a lot for {what}"),
        };
        self.log.announce(now_ms, text);
        Ok(())
    }

    /// What the registry needs to know of whoever files.
    fn request(&self, sender: ProspectorId, boundary: Boundary) -> ClaimRequest {
        let prospector = self.prospectors.get(sender);
        let own = prospector.survey.held().iter().filter(|held| {
            held.provenance == Provenance::Own && boundary.covers(held.reading.point_m.as_dvec3())
        });
        ClaimRequest {
            readings: u32::try_from(own.count()).unwrap_or(u32::MAX),
            holder: prospector.name.clone(),
            may_take_reserved: self.regime.may_take_reserved(&prospector.name),
            boundary,
        }
    }

    /// Readings of one's own from within a claim, older than it.
    fn older_readings(&self, sender: ProspectorId, claim: &Claim) -> u32 {
        let held = self.prospectors.get(sender).survey.held().iter();
        let older = held.filter(|held| {
            held.provenance == Provenance::Own
                && held.reading.at_ms < claim.filed_at_ms
                && claim.covers(held.reading.point_m.as_dvec3())
        });
        u32::try_from(older.count()).unwrap_or(u32::MAX)
    }

    fn renew(&mut self, by: &str, id: ClaimId) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let charter = self.regime.charter().clone();
        let until_ms = self
            .registry
            .check_renewal(&charter, id, by)
            .map_err(because)?;
        let payer = self
            .prospectors
            .find(by)
            .map(|id| self.prospectors.get(id).account)
            .ok_or_else(|| Refusal::because("there is nobody of this name"))?;
        self.ledger
            .transfer(
                now_ms,
                payer,
                self.regime.fees_account(),
                charter.claim_fee_ucr(),
                Memo::ClaimFee,
            )
            .map_err(|_| {
                Refusal::because(format!(
                    "the fee is {:.0} credits, more than there is",
                    charter.claims.fee_credits
                ))
            })?;
        self.registry.renew(now_ms, id, until_ms);
        self.log
            .announce(now_ms, format!("{by} renews claim {}", id.0));
        Ok(())
    }

    fn bid(&mut self, sender: ProspectorId, auction: u32, credits: f64) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let amount_ucr = sum_ucr("credits", credits)?;
        let ground = self.regime.ground_in_auction(auction).cloned();
        let request = ground.map(|ground| self.request(sender, ground));
        let by = self.prospectors.name(sender).to_owned();
        let outbid = self
            .regime
            .bid(
                &self.registry,
                &mut self.ledger,
                now_ms,
                &by,
                (auction, amount_ucr),
                request,
            )
            .map_err(because)?;
        if let Some(outbid) = outbid {
            let text = format!("auction {auction}: you are outbid, your money is back");
            self.log.tell(now_ms, &outbid, Severity::Info, text);
        }
        Ok(())
    }

    fn offer_title(
        &mut self,
        by: &str,
        title: Title,
        price_credits: f64,
        to: Option<&str>,
    ) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let price_ucr = sum_ucr("price_credits", price_credits)?;
        if let Title::Lease {
            days, rent_credits, ..
        } = title
        {
            sum_ucr("rent_credits", rent_credits)?;
            if !(1.0 <= days && days <= LEASE_MAX_DAYS) {
                return Err(Refusal::because(format!(
                    "days = {days} must be from 1 to {LEASE_MAX_DAYS}"
                )));
            }
        }
        let id = self
            .regime
            .offer_title(&self.registry, now_ms, by, title, price_ucr, to)
            .map_err(because)?;
        let text = format!("{by} offers {title} for {price_credits:.0} credits, offer {id}");
        match to {
            Some(to) => {
                self.log.tell(now_ms, by, Severity::Info, text.clone());
                self.log.tell(now_ms, to, Severity::Info, text);
            }
            None => self.log.announce(now_ms, text),
        }
        Ok(())
    }

    fn set_passage(&mut self, by: &str, to: &str, open: bool) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        self.regime.grant_passage(by, to, open).map_err(because)?;
        let text = if open {
            format!("{by} lets you into its zones")
        } else {
            format!("{by} no longer lets you into its zones")
        };
        self.log.tell(now_ms, to, Severity::Info, text);
        Ok(())
    }
}
