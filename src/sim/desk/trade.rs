//! Trade between prospectors: reads their orders, checks the numbers, and hands them to the books
//! of `economy`.

use super::Desk;
use crate::sim::economy::auction::Side;
use crate::sim::economy::commerce::{Books, Commerce, HOUR_MS, News, Party, grams, span_ms};
use crate::sim::economy::exchange::{self, Listing, Wish};
use crate::sim::economy::ledger::{Good, Memo};
use crate::sim::economy::stores::Place;
use crate::sim::order::{Log, Order, Refusal};
use crate::sim::plant::Plant;
use crate::sim::prospector::ProspectorId;

impl Desk<'_, '_> {
    /// Carries out an order of trade.
    pub(super) fn trade(&mut self, sender: ProspectorId, order: &Order) -> Result<(), Refusal> {
        let party = Party(sender.0);
        let mut news = Vec::new();
        self.carry_out_trade(party, order, &mut news)?;
        let now_ms = self.clock.time_ms();
        publish(news, now_ms, &self.commerce, &mut self.log);
        Ok(())
    }

    fn carry_out_trade(
        &mut self,
        sender: Party,
        order: &Order,
        news: &mut Vec<News>,
    ) -> Result<(), Refusal> {
        if let Order::PlaceOrder {
            place,
            good,
            side,
            mass_kg,
            limit_credits_per_kg,
            wait_h,
        } = order
        {
            self.needs_place(place)?;
            let wish = Wish {
                listing: Listing {
                    place: place.clone(),
                    good: *good,
                },
                side: *side,
                mass_g: grams("mass_kg", *mass_kg)?,
                limit: limit_credits_per_kg
                    .map(|limit| exchange::price_steps(*side, limit))
                    .transpose()?,
                wait_ms: span_ms(
                    "wait_h",
                    wait_h.unwrap_or(exchange::WAIT_USUAL_H),
                    HOUR_MS,
                    exchange::WAIT_MAX_H,
                )?,
            };
            return self.place_order(sender, &wish, news);
        }
        let now_ms = self.clock.time_ms();
        let Commerce {
            stores,
            parties,
            exchange,
            ..
        } = &mut *self.commerce;
        let books = &mut Books {
            now_ms,
            ledger: &mut self.ledger,
            stores,
            parties,
            news,
        };
        match order {
            Order::CancelOrder { order } => {
                exchange.cancel(books, sender, *order)?;
                books.tell(sender, format!("order {order} is cancelled"));
            }
            _ => unreachable!("not an order of trade"),
        }
        Ok(())
    }

    /// Places an order at the exchange. What is sold at the site and does not lie in a store comes
    /// out of the tanks of one's own plants.
    fn place_order(
        &mut self,
        sender: Party,
        wish: &Wish,
        news: &mut Vec<News>,
    ) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let Listing { place, good } = &wish.listing;
        let Commerce {
            stores,
            parties,
            exchange,
            ..
        } = &mut *self.commerce;
        let books = &mut Books {
            now_ms,
            ledger: &mut self.ledger,
            stores,
            parties,
            news,
        };
        if wish.side == Side::Sell && *place == Place::Site && *good == Good::Water {
            let own = |plant: &&Plant| plant.owner.0 == sender.0;
            let beside_g = self.plants.iter().filter(own).map(Plant::water_g).sum();
            exchange.check(books, sender, wish, beside_g)?;
            let mut missing_g = wish.mass_g - books.held_g(sender, place, *good);
            for mut plant in &mut self.plants {
                if own(&&*plant) && 0 < missing_g {
                    let drawn_g = plant.draw_water(missing_g);
                    let store = books.store(sender, place, *good);
                    books.transfer(plant.water_account, store, drawn_g, Memo::Stored);
                    missing_g -= drawn_g;
                }
            }
        }
        let id = exchange.place(books, sender, wish)?;
        let text = format!("order {id} waits for the next auction of {}", wish.listing);
        books.tell(sender, text);
        Ok(())
    }

    fn needs_place(&self, place: &Place) -> Result<(), Refusal> {
        match place {
            Place::Site => Ok(()),
            Place::Node(_) if place.exists() => Ok(()),
            Place::Node(id) => Err(Refusal::because(format!("there is no node \"{id}\""))),
        }
    }
}

/// Hands news on to those it is for.
pub(super) fn publish(news: Vec<News>, at_ms: u64, commerce: &Commerce, log: &mut Log) {
    for News { to, severity, text } in news {
        match to {
            Some(party) => log.tell(at_ms, commerce.parties.name(party), severity, text),
            None => log.announce(at_ms, text),
        }
    }
}
