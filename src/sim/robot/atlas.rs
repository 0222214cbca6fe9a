//! Ways and skylines that were looked up before, for worlds whose motion is planned.
//!
//! A forecast of a way costs milliseconds, and so does the skyline of a place; robots that carry
//! ore for years ask for the same ones over and over. So both are made for coarse places, of the
//! body as it was before anybody dug, and kept. What is kept follows from the body and the key
//! alone: whoever asks first, in whichever world, gets what everybody gets, and nothing of it is
//! part of the state.

use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use bevy::math::{DVec3, IVec3};
use bevy::prelude::Resource;

use super::command;
use super::forecast::{self, Craft, Way};
use super::guidance::NoHop;
use crate::sim::asteroid::{BodyModel, Cache, GravityCell, Terrain};
use crate::sim::daylight::Horizon;
use crate::sim::order::Refusal;
use crate::sim::random;

/// A way is looked up by the places of a grid of an eighth of its length, but no finer and no
/// coarser than this [m].
const PLACES_PER_WAY: f64 = 8.0;
const GRID_M: (f64, f64) = (0.5, 32.0);
/// Ways shorter than this are planned as they are [m].
const SHORT_M: f64 = 2.0;
/// Ways are kept for speeds in steps of this part.
const SPEED_STEP: f64 = 0.05;
/// Skylines are those of a grid of this width [m].
const SKYLINE_GRID_M: f64 = 16.0;
/// How many ways, skylines and stands are kept.
const KEPT_MAX: usize = 32_000;

/// What planned worlds of one body share.
#[derive(Resource, Clone)]
pub struct Atlas(Arc<Pages>);

struct Pages {
    pristine: Terrain,
    ways: Cache<WayKey, Arc<Result<Way, NoHop>>>,
    skylines: Cache<(IVec3, u64), Horizon>,
    stands: Cache<[u64; 4], Result<DVec3, Refusal>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct WayKey {
    /// Binary logarithm of the width of the grid.
    grid: i32,
    from: IVec3,
    to: IVec3,
    half_height: u64,
    speed_step: i32,
    thrusts: bool,
}

impl Atlas {
    /// The atlas of a body: the same for all worlds that use it at one time.
    pub fn of(model: &Arc<BodyModel>) -> Self {
        type Atlases = Mutex<Vec<(Weak<BodyModel>, Weak<Pages>)>>;
        static ATLASES: LazyLock<Atlases> = LazyLock::new(Mutex::default);
        let mut atlases = ATLASES.lock().unwrap_or_else(PoisonError::into_inner);
        atlases.retain(|(_, pages)| pages.strong_count() != 0);
        let known = atlases.iter().find_map(|(of, pages)| {
            let same = of.upgrade().is_some_and(|of| Arc::ptr_eq(&of, model));
            pages.upgrade().filter(|_| same)
        });
        Self(known.unwrap_or_else(|| {
            let pages = Arc::new(Pages {
                pristine: Terrain::new(Arc::clone(model)),
                ways: Cache::new(KEPT_MAX),
                skylines: Cache::new(KEPT_MAX),
                stands: Cache::new(KEPT_MAX),
            });
            atlases.push((Arc::downgrade(model), Arc::downgrade(&pages)));
            pages
        }))
    }

    /// The way of a craft between two places.
    ///
    /// # Errors
    /// As [`forecast::hop_to`].
    pub fn way(&self, craft: &Craft, from_m: DVec3, to_m: DVec3) -> Arc<Result<Way, NoHop>> {
        let distance_m = from_m.distance(to_m);
        if distance_m < SHORT_M {
            return Arc::new(self.plan(craft, from_m, to_m));
        }
        let wanted_m = (distance_m / PLACES_PER_WAY).clamp(GRID_M.0, GRID_M.1);
        let coarse = self.way_by_grid(wanted_m, craft, from_m, to_m);
        if coarse.is_ok() {
            return coarse;
        }
        // A boulder in the middle of a square need not stand in everybody's way.
        self.way_by_grid(GRID_M.0, craft, from_m, to_m)
    }

    /// The way between the middles of squares that are no wider than this, or that there is none:
    /// who is hemmed in asks again and again, and that costs the most to find out.
    fn way_by_grid(
        &self,
        widest_m: f64,
        craft: &Craft,
        from_m: DVec3,
        to_m: DVec3,
    ) -> Arc<Result<Way, NoHop>> {
        let grid = widest_m.log2().floor() as i32;
        let grid_m = f64::from(grid).exp2();
        let place = |p: DVec3| (p / grid_m).round().as_ivec3();
        let speed_step = (craft.hop_speed_max_m_s.max(1e-9).ln() / SPEED_STEP).floor() as i32;
        let key = WayKey {
            grid,
            from: place(from_m),
            to: place(to_m),
            half_height: craft.half_height_m.to_bits(),
            speed_step,
            thrusts: craft.can_thrust(),
        };
        self.0.ways.get_or_share(key, || {
            let terrain = &self.0.pristine;
            let stand = |place: IVec3| {
                let ground_m = terrain.surface_below(place.as_dvec3() * grid_m);
                ground_m + (craft.half_height_m + 0.02) * terrain.up(ground_m)
            };
            let typical = Craft {
                hop_speed_max_m_s: (f64::from(speed_step) * SPEED_STEP).exp(),
                ..*craft
            };
            self.plan(&typical, stand(key.from), stand(key.to))
        })
    }

    fn plan(&self, craft: &Craft, from_m: DVec3, to_m: DVec3) -> Result<Way, NoHop> {
        let mut stream = random::stream(0, "estimate");
        let mut cell = GravityCell::default();
        let terrain = &self.0.pristine;
        forecast::hop_to(terrain, &mut cell, craft, from_m, to_m, &mut stream)
    }

    /// Where something of this half height stands at a place.
    ///
    /// # Errors
    /// Why nothing stands there.
    pub(super) fn stand(&self, half_height_m: f64, place_m: DVec3) -> Result<DVec3, Refusal> {
        let DVec3 { x, y, z } = place_m;
        let key = [half_height_m, x, y, z].map(f64::to_bits);
        self.0.stands.get_or_make(key, || {
            command::stand_at(&self.0.pristine, half_height_m, place_m)
        })
    }

    /// Up at a place, holes left out.
    pub(super) fn up(&self, at_m: DVec3) -> DVec3 {
        self.0.pristine.up(at_m)
    }

    /// The skyline around a place, for something so high above the ground.
    pub fn skyline(&self, at_m: DVec3, height_m: f64) -> Horizon {
        let place = (at_m / SKYLINE_GRID_M).round().as_ivec3();
        let key = (place, height_m.to_bits());
        self.0.skylines.get_or_make(key, || {
            let terrain = &self.0.pristine;
            let ground_m = terrain.surface_below(place.as_dvec3() * SKYLINE_GRID_M);
            let stands_m = ground_m + height_m * terrain.up(ground_m);
            Horizon::around(terrain, stands_m, height_m)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_and_that_there_is_none_are_both_found_out_once() {
        let model = BodyModel::shared("bennu", 7).unwrap();
        let atlas = Atlas::of(&model);
        let (from_m, to_m) = (
            model.surface_point(0.1, 0.2),
            model.surface_point(0.1, 0.25),
        );
        for (hop_speed_max_m_s, leads_there) in [(1e-4, false), (0.1, true)] {
            let craft = Craft {
                mass_kg: 50.0,
                half_height_m: 0.3,
                hop_speed_max_m_s,
                exhaust_m_s: 0.0,
                propellant_kg: 0.0,
                thruster_power_w: 0.0,
                idle_power_w: 5.0,
            };
            let way = atlas.way(&craft, from_m, to_m);
            assert_eq!(way.is_ok(), leads_there, "{hop_speed_max_m_s} m/s: {way:?}");
            assert!(Arc::ptr_eq(&way, &atlas.way(&craft, from_m, to_m)));
        }
    }
}
