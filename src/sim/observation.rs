//! Observations: the only thing a brain sees.
//!
//! Everything here is what a prospector's own sensors, its books and the public record tell. The
//! truth about the ground, the content of a bin and other prospectors' accounts stay in the world.
//! [`Scene`] is the exception for eyes only: what stands where, for drawing.

use std::sync::Arc;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::asteroid::Terrain;
use super::asteroid::constituent::Constituent;
use super::daylight::Daylight;
use super::economy::commerce::{Commerce, Party, StoreView, TradeView};
use super::economy::exchange::{Depth, Listing};
use super::economy::good::Good;
use super::economy::labour::Jobs;
use super::economy::ledger::Ledger;
use super::economy::markets::Markets;
use super::economy::stores::Place;
use super::law::claims::Registry;
use super::law::regime::Regime;
use super::law::view::LawView;
use super::lesson::Lessons;
use super::level::kind::AnchorSpec;
use super::level::{MotionModel, RobotKind};
use super::physics::Motion;
use super::plant::queue::Toll;
use super::plant::{self, Plant};
use super::prospecting::probe::Probe;
use super::prospecting::trade::{DataMarket, OfferView, Receipt};
use super::prospecting::{
    ClassGuess, Held, Instrument, InstrumentSpec, Quantity, Support, Survey, instrument,
};
use super::prospector::{ProspectorId, Prospectors};
use super::robot::autopilot::Autopilot;
use super::robot::drill::Boreholes;
use super::robot::{Anchor, Battery, Bin, Drive, Gear, Health, Robot, Service, Tank, Tool};
use super::voyage::rocket;
use super::{Clock, Terms};

pub mod telemetry;

/// What a robot is doing, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Activity {
    #[default]
    Idle,
    Hopping,
    Braking,
    Settling,
    Anchoring,
    Digging,
    Unloading,
    Charging,
    Surveying,
    Refuelling,
    /// Being refitted, or working on a machine.
    Servicing,
    /// Moving freely without having been told to.
    Adrift,
    /// Gone beyond the reach of the site.
    Lost,
}

/// What one prospector knows at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub time_ms: u64,
    pub prospector: String,
    pub credits: f64,
    pub robots: Vec<OwnRobot>,
    pub plants: Vec<OwnPlant>,
    /// All that it knows of the ground, in the order in which it came to know it.
    pub readings: Vec<Held>,
    /// Water in the readings of single spots.
    pub samples: Vec<Sample>,
    /// What the body may be made of, from the spectra among the readings.
    pub class_guess: ClassGuess,
    /// Offers of survey data that it may take up, and its own.
    pub data_offers: Vec<OfferView>,
    /// Purchases of survey data that it was a party to.
    pub data_receipts: Vec<Receipt>,
    pub others: Vec<OtherRobot>,
    pub claims: Vec<ClaimView>,
    /// One's own standing before the law, and what is open to bids, takers and votes.
    pub law: LawView,
    pub market: MarketView,
    /// Its goods in stores, where there are any.
    pub stores: Vec<StoreView>,
    /// Its cargoes under way, the next to arrive first.
    pub shipments: Vec<ShipmentView>,
    /// Plants of others that work for it.
    pub open_plants: Vec<OpenPlant>,
    /// Which steps of the level's lesson it has done; false for those that ask for nothing.
    pub lesson_done: Vec<bool>,
    /// The body's centre of mass, in the frame of all positions here.
    pub centre_m: Vec3,
}

impl Observation {
    /// Away from the centre at a place, of length one.
    pub fn outward(&self, place_m: Vec3) -> Vec3 {
        (place_m - self.centre_m).normalize_or(Vec3::Y)
    }
}

/// Telemetry of a robot of one's own. `position_m` is in the site frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnRobot {
    pub name: String,
    pub kind: String,
    pub position_m: Vec3,
    pub speed_m_s: f32,
    pub activity: Activity,
    pub activity_text: String,
    /// Progress of the present task, 0 to 1, where it can be told.
    pub progress: Option<f32>,
    pub battery_fraction: f32,
    pub solar_power_w: f32,
    pub bin_kg: f64,
    pub bin_capacity_kg: f64,
    pub propellant_kg: f64,
    pub propellant_capacity_kg: f64,
    pub anchored: bool,
    /// What the anchors hold in this ground [N]; zero when they are out.
    pub anchor_hold_n: f32,
    pub at_rest: bool,
    pub lost: bool,
    /// Worn fraction of the digging tools, 0 (new) to 1 (blunt).
    pub wear: f32,
    /// Of the whole robot, and between which limits it works [K].
    pub temperature_k: f32,
    pub operating_k: (f32, f32),
    /// Share of the light that dust keeps from its panels.
    pub panel_dust: f32,
    /// Share of their power that clean panels have lost to radiation.
    pub cell_loss: f32,
    /// Worn part of the seals by the book; these seize somewhere about 1.
    pub seal_wear: f32,
    /// Worn part of the drill's bit, 0 to 1.
    pub bit_wear: f32,
    /// Absorbed by its electronics, and what such parts stand on the average [Gy].
    pub dose_gy: f32,
    pub dose_limit_gy: f32,
    /// What is broken, in words; empty if nothing is.
    pub faults: Vec<String>,
    /// The robot that carries it, and the one that it carries.
    pub carried_by: Option<String>,
    pub carries: Option<String>,
    /// Spare parts in its lockers [kg].
    pub mechanical_spares_kg: f64,
    pub electronic_spares_kg: f64,
    /// The performance sheet, as it is fitted out now.
    pub sheet: Arc<RobotKind>,
    /// The bit is jammed in its hole, and the robot with it.
    pub bit_stuck: bool,
    /// Fullness of the reaction wheels, 0 to 1.
    pub wheel_fill: f32,
    /// Cosine of the tilt: 1 upright, 0 on its side.
    pub upright: f32,
    /// What it can measure with.
    pub instruments: Vec<InstrumentSpec>,
    /// The instrument at work.
    pub measuring: Option<Instrument>,
    pub outfit: Outfit,
}

/// Telemetry of a plant of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnPlant {
    pub name: String,
    pub position_m: Vec3,
    pub feedstock_kg: f64,
    pub hopper_capacity_kg: f64,
    pub water_kg: f64,
    pub tailings_kg: f64,
    pub power_w: f32,
    pub running: bool,
    /// Modules in stock, by name, sorted.
    pub modules: Vec<String>,
    /// Spare parts in stock, and still to be printed [kg].
    pub mechanical_spares_kg: f64,
    pub electronic_spares_kg: f64,
    pub printing_kg: f64,
    /// Whether it can print spare parts from its tailings.
    pub prints: bool,
    /// How far aside a robot may stand and still be served, from centre to centre.
    pub reach_m: f64,
    /// Away from the centre of the body, of length one.
    pub up: Vec3,
    /// What it does, and all that it is equipped for.
    pub process: String,
    pub processes: Vec<String>,
    /// What waits in the hopper, first come first.
    pub queue: Vec<QueuedLot>,
    /// On what terms it works for others, if it does.
    pub toll: Option<TollView>,
}

impl OwnPlant {
    /// Whether it serves a robot at a place.
    pub fn reaches(&self, robot_m: Vec3) -> bool {
        plant::is_served(self.position_m, self.up, self.reach_m, robot_m)
    }
}

/// Rock of one owner in a hopper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueuedLot {
    pub owner: String,
    pub mass_kg: f64,
}

/// What a plant takes for its work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TollView {
    pub tariff_credits_per_kg: f64,
    /// Part of each product that stays with the plant's owner, 0 to 1.
    pub product_share: f64,
}

/// A plant of somebody else that works for the one who looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenPlant {
    pub name: String,
    pub owner: String,
    pub position_m: Vec3,
    pub process: String,
    pub toll: TollView,
    /// Rock of all owners that waits there, and room for more [kg].
    pub queued_kg: f64,
    pub room_kg: f64,
    /// Rock of one's own among it [kg].
    pub own_kg: f64,
}

/// A cargo of one's own under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentView {
    pub id: u32,
    pub good: Good,
    /// That will arrive, if it does.
    pub mass_kg: f64,
    pub from: Place,
    pub to: Place,
    pub departs_at_ms: u64,
    pub arrives_at_ms: u64,
    pub loss_chance: f64,
}

/// The price of a good at a node, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketRow {
    pub node: String,
    pub good: Good,
    /// Of the next gram; a lot brings less, see `quote`.
    pub spot_credits_per_kg: f64,
    /// Bought in a year at the base price, as it has grown [kg].
    pub demand_kg_per_year: f64,
    /// Recent supply that still weighs on the price [kg].
    pub overhang_kg: f64,
    /// Sold here by all so far [kg].
    pub sold_kg: f64,
}

/// Water at one spot as read by an instrument, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub at_ms: u64,
    pub point_m: Vec3,
    /// Mass fraction of water in the ground.
    pub water_fraction: f32,
    pub water_fraction_std: f32,
}

/// A robot of somebody else, as tracked from the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherRobot {
    pub name: String,
    pub owner: String,
    pub position_m: Vec3,
}

/// An entry of the public claims registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimView {
    pub id: u32,
    pub owner: String,
    pub centre_m: Vec3,
    /// How far it reaches from its middle.
    pub radius_m: f32,
    /// Its corners in order; none of a cap.
    pub corners_m: Vec<Vec3>,
    pub filed_at_ms: u64,
    /// When its term ends, if it has one.
    pub expires_at_ms: Option<u64>,
    /// Who has the use of it instead of its holder.
    pub let_to: Option<String>,
}

/// What the market publishes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketView {
    pub node: String,
    pub good: String,
    pub price_credits_per_kg: f64,
    /// Part of a cargo that arrives; the rest is burnt on the way.
    pub delivered_fraction: f64,
    pub freight_credits_per_kg: f64,
}

/// Where everything stands, for drawing. Places are in the site frame: body-fixed axes, with the
/// origin at the site where the body is large.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub time_ms: u64,
    /// Unit vector towards the Sun.
    pub sun_direction: Vec3,
    pub sun_distance_au: f64,
    /// Rotates the fixed stars into the body's frame.
    pub body_from_stars: Quat,
    pub robots: Vec<RobotView>,
    pub plants: Vec<PlantView>,
    pub claims: Vec<ClaimView>,
    /// The body's centre of mass, in the frame of all positions here.
    pub centre_m: Vec3,
}

impl Scene {
    /// Away from the centre at a place, of length one.
    pub fn outward(&self, place_m: Vec3) -> Vec3 {
        (place_m - self.centre_m).normalize_or(Vec3::Y)
    }
}

/// What a robot is equipped with, as anyone can see who looks at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outfit {
    /// Legs or a swing arm to push off with.
    pub hops: bool,
    pub thrusters: bool,
    pub anchor: bool,
    /// Claws of microspines, or a belt: what holds on to rock.
    pub claws: bool,
    pub drum: bool,
    /// How deep its drill reaches [m]; 0 without one.
    pub drill_depth_m: f32,
    /// Fastest take-off that its pilot allows [m/s].
    pub hop_speed_max_m_s: f32,
    pub bin_capacity_kg: f32,
    pub tank_capacity_kg: f32,
}

impl Outfit {
    fn of(kind: &RobotKind) -> Self {
        Self {
            hops: kind.hop.is_some(),
            thrusters: kind.thrusters.is_some(),
            anchor: kind.anchor.is_some(),
            claws: matches!(
                kind.anchor,
                Some(AnchorSpec::Microspines { .. } | AnchorSpec::Belt { .. })
            ),
            drum: kind.drum.is_some(),
            drill_depth_m: kind.drill.map_or(0.0, |drill| drill.depth_max_m as f32),
            hop_speed_max_m_s: kind.hop.map_or(0.0, |hop| hop.speed_max_m_s as f32),
            bin_capacity_kg: kind.bin_capacity_kg as f32,
            tank_capacity_kg: kind.tank_capacity_kg as f32,
        }
    }
}

/// A robot as seen. `rotation` takes the robot's axes (+Y up, +Z ahead) to the body's.
#[derive(Clone, Debug, PartialEq)]
pub struct RobotView {
    pub name: String,
    pub owner: String,
    pub kind: String,
    pub position_m: Vec3,
    pub rotation: Quat,
    pub velocity_m_s: Vec3,
    pub angular_velocity_rad_s: Vec3,
    /// Full extents along the robot's own axes.
    pub size_m: Vec3,
    pub activity: Activity,
    pub activity_text: String,
    pub anchored: bool,
    pub at_rest: bool,
    pub lost: bool,
    pub thrust_n: Vec3,
    pub bin_fill: f32,
    pub battery_fill: f32,
    pub propellant_fill: f32,
    pub dig_rate_kg_s: f32,
    pub outfit: Outfit,
    /// Something of it is broken.
    pub faulty: bool,
    /// Speed at which its bit goes down; 0 when it does not drill.
    pub drill_rate_m_s: f32,
}

/// A plant as seen.
#[derive(Clone, Debug, PartialEq)]
pub struct PlantView {
    pub name: String,
    pub owner: String,
    pub position_m: Vec3,
    pub rotation: Quat,
    pub running: bool,
    pub power_w: f32,
    pub hopper_fill: f32,
    pub water_kg: f32,
    pub tailings_kg: f32,
}

/// Everything that an observation or a picture is drawn from.
#[derive(SystemParam)]
pub struct Senses<'w, 's> {
    clock: Res<'w, Clock>,
    terms: Res<'w, Terms>,
    daylight: Res<'w, Daylight>,
    terrain: Res<'w, Terrain>,
    prospectors: Res<'w, Prospectors>,
    ledger: Res<'w, Ledger>,
    markets: Res<'w, Markets>,
    registry: Res<'w, Registry>,
    regime: Res<'w, Regime>,
    data: Res<'w, DataMarket>,
    commerce: Res<'w, Commerce>,
    lessons: Res<'w, Lessons>,
    boreholes: Res<'w, Boreholes>,
    robots: Query<
        'w,
        's,
        (
            &'static Robot,
            &'static Motion,
            &'static Bin,
            &'static Tank,
            &'static Battery,
            &'static Anchor,
            &'static Tool,
            &'static Drive,
            &'static Autopilot,
            &'static Probe,
            &'static Health,
            &'static Service,
            &'static Gear,
        ),
    >,
    plants: Query<'w, 's, &'static Plant>,
}

impl Senses<'_, '_> {
    /// Time at the end of the tick [ms].
    pub fn now_ms(&self) -> u64 {
        self.clock.time_ms()
    }

    /// Whether a robot of the prospector has nothing to do.
    pub fn has_idle_robot(&self, id: ProspectorId) -> bool {
        self.idle_robots(id).next().is_some()
    }

    /// The robots of the prospector that have nothing to do, by name.
    pub fn idle_robots(&self, id: ProspectorId) -> impl Iterator<Item = &str> {
        self.robots
            .iter()
            .filter(
                move |(robot, motion, .., pilot, probe, health, service, _)| {
                    robot.owner == id
                        && pilot.is_idle()
                        && !health.is_dead()
                        && service.is_idle()
                        && probe.is_idle()
                        && !robot.lost
                        && (motion.at_rest || !motion.touching)
                },
            )
            .map(|(robot, ..)| robot.name.as_str())
    }

    /// Whether a plant of the prospector holds at least a lot of water.
    pub fn has_water_to_sell(&self, id: ProspectorId, lot_kg: f64) -> bool {
        self.plants
            .iter()
            .any(|plant| plant.owner == id && lot_kg <= 1e-3 * plant.water_g() as f64)
    }

    /// What a prospector has in stores, at the exchange and in deals.
    pub fn trade(&self, id: ProspectorId) -> TradeView {
        self.commerce.view(&self.ledger, Party(id.0))
    }

    /// Full-time jobs by trade that a prospector's activity has come to, or everybody's.
    pub fn jobs(&self, id: Option<ProspectorId>) -> Jobs {
        let party = id.map(|id| Party(id.0));
        self.commerce.labour.jobs(party, self.now_ms())
    }

    /// What everybody sees of the exchange of a good at a place, or of shares.
    pub fn depth(&self, listing: &Listing) -> Depth {
        self.commerce.exchange.depth(listing, self.now_ms())
    }

    /// The price of every good at every node that buys it: public, and apart from
    /// [`Senses::observe`] because there may be many.
    pub fn market_rows(&self) -> Vec<MarketRow> {
        self.markets
            .iter()
            .map(|market| MarketRow {
                node: market.node().to_owned(),
                good: market.good(),
                spot_credits_per_kg: market.price_credits_per_kg(),
                demand_kg_per_year: market.demand_kg_per_year(),
                overhang_kg: market.overhang_kg(),
                sold_kg: kilograms(market.sold_g()),
            })
            .collect()
    }

    /// The price of the next gram of a good at a node; `None` if nobody there buys it.
    pub fn spot_credits_per_kg(&self, node: &str, good: Good) -> Option<f64> {
        let market = self.markets.find(node, good)?;
        Some(market.price_credits_per_kg())
    }

    /// What a prospector knows now.
    pub fn observe(&self, id: ProspectorId) -> Observation {
        let prospector = self.prospectors.get(id);
        let mut robots = Vec::new();
        let mut others = Vec::new();
        for (
            robot,
            motion,
            bin,
            tank,
            battery,
            anchor,
            tool,
            _,
            pilot,
            probe,
            health,
            service,
            gear,
        ) in &self.robots
        {
            if robot.owner != id {
                others.push(OtherRobot {
                    name: robot.name.clone(),
                    owner: self.prospectors.name(robot.owner).to_owned(),
                    position_m: motion.position_m,
                });
                continue;
            }
            robots.push(OwnRobot {
                name: robot.name.clone(),
                kind: robot.kind_name.clone(),
                position_m: motion.position_m,
                speed_m_s: motion.velocity_m_s.length(),
                activity: activity(robot, motion, pilot, probe, service),
                activity_text: describe(robot, motion, bin, pilot, probe, service),
                progress: pilot
                    .progress(robot, battery, bin)
                    .or_else(|| service.progress(&robot.kind))
                    .or_else(|| probe.progress())
                    .map(|part| part as f32),
                battery_fraction: battery.fraction() as f32,
                solar_power_w: battery.solar_w() as f32,
                bin_kg: kilograms(bin.load_g()),
                bin_capacity_kg: kilograms(bin.capacity_g),
                propellant_kg: kilograms(tank.propellant_g()),
                propellant_capacity_kg: kilograms(tank.capacity_g),
                anchored: *anchor != Anchor::Out,
                anchor_hold_n: anchor.hold_n() as f32,
                at_rest: motion.at_rest,
                lost: robot.lost,
                wear: tool.wear() as f32,
                temperature_k: health.temperature_k() as f32,
                operating_k: (
                    robot.kind.operating_k.0 as f32,
                    robot.kind.operating_k.1 as f32,
                ),
                panel_dust: health.panel_dust() as f32,
                cell_loss: health.cell_loss() as f32,
                seal_wear: health.seal_wear() as f32,
                bit_wear: gear.drill().wear() as f32,
                dose_gy: health.dose_gy() as f32,
                dose_limit_gy: robot.kind.durability.dose_limit_gy as f32,
                faults: health.faults().into_iter().map(str::to_owned).collect(),
                carried_by: robot.carried_by.clone(),
                carries: robot.carries.clone(),
                mechanical_spares_kg: kilograms(robot.spares.mechanical_g()),
                electronic_spares_kg: kilograms(robot.spares.electronic_g()),
                sheet: Arc::clone(&robot.kind),
                bit_stuck: gear.drill().is_stuck(),
                wheel_fill: gear.wheels().fill(robot.kind.wheels) as f32,
                // Who lands by plan lands on its feet.
                upright: match self.terms.motion {
                    MotionModel::Planned => 1.0,
                    MotionModel::Simulated => (motion.rotation * Vec3::Y).dot(self.up(motion)),
                },
                instruments: instrument::all_carried(&robot.kind),
                measuring: probe.instrument(),
                outfit: Outfit::of(&robot.kind),
            });
        }
        let plants = self
            .plants
            .iter()
            .filter(|plant| plant.owner == id)
            .map(|plant| OwnPlant {
                name: plant.name.clone(),
                position_m: plant.position_m,
                feedstock_kg: kilograms(plant.hopper_g()),
                hopper_capacity_kg: kilograms(plant.hopper_capacity_g()),
                water_kg: kilograms(plant.water_g()),
                tailings_kg: kilograms(plant.tailings_g()),
                power_w: plant.power_w() as f32,
                running: plant.is_running(),
                modules: plant.stock().iter().map(|part| part.name.clone()).collect(),
                mechanical_spares_kg: kilograms(plant.spares().mechanical_g()),
                electronic_spares_kg: kilograms(plant.spares().electronic_g()),
                printing_kg: kilograms(plant.printing_g()),
                prints: plant.kind.print_kwh_per_kg.is_some(),
                reach_m: plant.reach_m(),
                up: self
                    .terrain
                    .model()
                    .outward(plant.position_m.as_dvec3())
                    .as_vec3(),
                process: plant.process().to_owned(),
                processes: plant.processes().map(str::to_owned).collect(),
                queue: plant
                    .lots()
                    .iter()
                    .map(|lot| QueuedLot {
                        owner: self.prospectors.name(lot.owner).to_owned(),
                        mass_kg: kilograms(lot.rock.mass_g),
                    })
                    .collect(),
                toll: plant.opening().map(|opening| toll(&opening.toll)),
            })
            .collect();
        let open_plants = self
            .plants
            .iter()
            .filter(|plant| plant.owner != id && plant.admits(id))
            .filter_map(|plant| {
                let own_g = plant.lots().iter().filter(|lot| lot.owner == id);
                Some(OpenPlant {
                    name: plant.name.clone(),
                    owner: self.prospectors.name(plant.owner).to_owned(),
                    position_m: plant.position_m,
                    process: plant.process().to_owned(),
                    toll: toll(&plant.opening()?.toll),
                    queued_kg: kilograms(plant.hopper_g()),
                    room_kg: kilograms(plant.hopper_room_g()),
                    own_kg: kilograms(own_g.map(|lot| lot.rock.mass_g).sum()),
                })
            })
            .collect();
        let stores = self
            .commerce
            .stores
            .of(&prospector.name)
            .map(|(place, good, account)| (place, good, self.ledger.balance(account)))
            .filter(|(.., held_g)| 0 < *held_g)
            .map(|(place, good, held_g)| StoreView {
                place: place.clone(),
                good,
                mass_kg: kilograms(held_g),
            })
            .collect();
        let own = self.commerce.shipping.under_way().iter();
        let shipments = own
            .filter(|cargo| cargo.owner == id)
            .map(|cargo| ShipmentView {
                id: cargo.id,
                good: cargo.good,
                mass_kg: kilograms(cargo.mass_g),
                from: cargo.from.clone(),
                to: cargo.to.clone(),
                departs_at_ms: cargo.departs_at_ms,
                arrives_at_ms: cargo.arrives_at_ms,
                loss_chance: cargo.loss_chance,
            })
            .collect();
        let market = self.markets.main();
        Observation {
            time_ms: self.now_ms(),
            prospector: prospector.name.clone(),
            credits: 1e-6 * self.ledger.balance(prospector.account) as f64,
            robots,
            plants,
            readings: prospector.survey.held().to_vec(),
            samples: samples(&prospector.survey),
            class_guess: ClassGuess::from_readings(
                self.terrain.model().is_lunar(),
                prospector.survey.readings(),
            ),
            data_offers: self.data.seen_by(&self.prospectors, id),
            data_receipts: self.data.receipts_of(&prospector.name),
            others,
            claims: self.claims(),
            law: self.regime.view(
                &self.registry,
                &self.ledger,
                &prospector.name,
                self.now_ms(),
            ),
            market: MarketView {
                node: market.node().to_owned(),
                good: market.good().as_str().to_owned(),
                price_credits_per_kg: market.price_credits_per_kg(),
                delivered_fraction: 1.0
                    - rocket::burnt_share(
                        1e3 * self.terms.freight.delta_v_km_s,
                        self.terms.freight.isp_s,
                    ),
                freight_credits_per_kg: self.terms.freight.fee_credits_per_kg,
            },
            stores,
            shipments,
            open_plants,
            lesson_done: self.lessons.done(id).to_vec(),
            centre_m: self.terrain.model().centre_m().as_vec3(),
        }
    }

    fn up(&self, motion: &Motion) -> Vec3 {
        self.terrain.up(motion.position_m.as_dvec3()).as_vec3()
    }

    fn claims(&self) -> Vec<ClaimView> {
        self.registry
            .standing()
            .map(|claim| ClaimView {
                id: claim.id.0,
                owner: claim.holder.clone(),
                centre_m: claim.boundary.centre_m().as_vec3(),
                radius_m: claim.boundary.reach_m() as f32,
                corners_m: claim
                    .boundary
                    .corners_m()
                    .iter()
                    .map(|corner_m| corner_m.as_vec3())
                    .collect(),
                filed_at_ms: claim.filed_at_ms,
                expires_at_ms: claim.expires_at_ms,
                let_to: claim.lease.as_ref().map(|lease| lease.lessee.clone()),
            })
            .collect()
    }

    /// Where everything stands.
    pub fn scene(&self) -> Scene {
        let sky = self.daylight.sky();
        let robots = self
            .robots
            .iter()
            .map(
                |(
                    robot,
                    motion,
                    bin,
                    tank,
                    battery,
                    anchor,
                    tool,
                    drive,
                    pilot,
                    probe,
                    health,
                    service,
                    gear,
                )| {
                    RobotView {
                        name: robot.name.clone(),
                        owner: self.prospectors.name(robot.owner).to_owned(),
                        kind: robot.kind_name.clone(),
                        position_m: motion.position_m,
                        rotation: motion.rotation,
                        velocity_m_s: motion.velocity_m_s,
                        angular_velocity_rad_s: motion.angular_velocity_rad_s,
                        size_m: robot.size_m(),
                        activity: activity(robot, motion, pilot, probe, service),
                        activity_text: describe(robot, motion, bin, pilot, probe, service),
                        anchored: *anchor != Anchor::Out,
                        at_rest: motion.at_rest,
                        lost: robot.lost,
                        thrust_n: drive.thrust_n.as_vec3(),
                        bin_fill: fill(bin.load_g(), bin.capacity_g),
                        battery_fill: battery.fraction() as f32,
                        propellant_fill: fill(tank.propellant_g(), tank.capacity_g),
                        dig_rate_kg_s: tool.rate_kg_per_s() as f32,
                        outfit: Outfit::of(&robot.kind),
                        faulty: !health.faults().is_empty(),
                        drill_rate_m_s: gear.drill().load().rate_m_per_s as f32,
                    }
                },
            )
            .collect();
        let plants = self
            .plants
            .iter()
            .map(|plant| PlantView {
                name: plant.name.clone(),
                owner: self.prospectors.name(plant.owner).to_owned(),
                position_m: plant.position_m,
                rotation: plant.rotation,
                running: plant.is_running(),
                power_w: plant.power_w() as f32,
                hopper_fill: plant.hopper_g() as f32 / plant.hopper_capacity_g() as f32,
                water_kg: kilograms(plant.water_g()) as f32,
                tailings_kg: kilograms(plant.tailings_g()) as f32,
            })
            .collect();
        Scene {
            time_ms: self.now_ms(),
            sun_direction: sky.sun_direction.as_vec3(),
            sun_distance_au: sky.sun_distance_au,
            body_from_stars: sky.body_from_ecliptic.as_quat(),
            robots,
            plants,
            claims: self.claims(),
            centre_m: self.terrain.model().centre_m().as_vec3(),
        }
    }
}

/// What the pilot does, or the instruments while it does nothing.
pub(super) fn activity(
    robot: &Robot,
    motion: &Motion,
    pilot: &Autopilot,
    probe: &Probe,
    service: &Service,
) -> Activity {
    match pilot.activity(robot, motion) {
        Activity::Idle if !service.is_idle() => Activity::Servicing,
        Activity::Idle if !probe.is_idle() => Activity::Surveying,
        other => other,
    }
}

fn describe(
    robot: &Robot,
    motion: &Motion,
    bin: &Bin,
    pilot: &Autopilot,
    probe: &Probe,
    service: &Service,
) -> String {
    match service.describe().or_else(|| probe.describe()) {
        Some(text) if pilot.is_idle() && !robot.lost => text,
        _ => pilot.describe(robot, motion, bin),
    }
}

fn samples(survey: &Survey) -> Vec<Sample> {
    survey
        .estimates(Quantity::Content(Constituent::Water))
        .filter(|(reading, _)| reading.support == Support::Spot)
        .map(|(reading, water)| Sample {
            at_ms: reading.at_ms,
            point_m: reading.point_m,
            water_fraction: water.value as f32,
            water_fraction_std: water.std as f32,
        })
        .collect()
}

/// How full something is, 0 to 1; what holds nothing is empty.
fn fill(load_g: i64, capacity_g: i64) -> f32 {
    if capacity_g == 0 {
        0.0
    } else {
        load_g as f32 / capacity_g as f32
    }
}

fn toll(toll: &Toll) -> TollView {
    TollView {
        tariff_credits_per_kg: 1e-6 * toll.tariff_ucr_per_kg as f64,
        product_share: 1e-6 * toll.product_share_ppm as f64,
    }
}

fn kilograms(grams: i64) -> f64 {
    1e-3 * grams as f64
}
