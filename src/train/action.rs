//! What an agent may do: choices, which of them make sense now, and the orders that they become.

use bevy::math::Vec3;
use serde::Serialize;

use super::cast::Cast;
use super::dealing::{Dealing, whole_grams};
use super::look::compass;
use super::seats::{Seat, View};
use super::task::{Control, Who};
use crate::sim::level::RobotKind;
use crate::sim::observation::telemetry::{RobotRow, Telemetry};
use crate::sim::order::Order;
use crate::sim::plant::STAND_STILL;
use crate::sim::robot::autopilot::LOW_BATTERY;

/// Ways of a hop along the ground [m].
const HOPS_M: [f32; 2] = [4.0, 15.0];
/// A claim is filed with this radius, or the greatest that the charter allows [m].
const CLAIM_RADIUS_M: f64 = 5.0;
/// Shares of a tank that are sold.
const SALES: [f64; 4] = [0.1, 0.25, 0.5, 1.0];
/// Less than this is not sold: it would not pay for its freight [kg].
const SALE_MIN_KG: f64 = 0.1;
/// Propellant for the robots stays in the tank [kg].
pub(super) const KEPT_WATER_KG: f64 = 5.0;
/// Processes of a plant that can be chosen from.
const PROCESSES: usize = 4;
/// Traded at the exchange at a time [kg].
pub(super) const LOT_KG: f64 = 20.0;
/// Numbers of an action by actuators.
pub(super) const ACTUATORS: [&str; 11] = [
    "thrust_left",
    "thrust_up",
    "thrust_ahead",
    "torque_left",
    "torque_up",
    "torque_ahead",
    "drums",
    "drill_press",
    "drill_speed",
    "anchor",
    "legs",
];
/// Of legs or anchors: less is no wish.
const DEAD_ZONE: f32 = 0.5;

/// How an action is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// Numbers from -1 to 1, `f32`.
    Numbers,
    /// One choice per head, `i64`.
    Choices,
}

/// The parts of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heads {
    pub kind: Kind,
    /// One per number or per head.
    pub names: Vec<String>,
    /// The choices of each head; empty for numbers.
    pub choices: Vec<Vec<String>>,
}

impl Heads {
    pub(super) fn of(cast: &Cast) -> Self {
        if cast.task.control == Control::Actuators {
            return Self {
                kind: Kind::Numbers,
                names: ACTUATORS.map(str::to_owned).to_vec(),
                choices: Vec::new(),
            };
        }
        let mut names = Vec::new();
        let mut choices: Vec<Vec<String>> = Vec::new();
        for index in 0..cast.robot_heads {
            names.push(format!("robot{index}"));
            choices.push(RobotVerb::ALL.iter().map(|verb| verb.name()).collect());
        }
        if cast.deals {
            for index in 0..cast.plants_max {
                names.push(format!("plant{index}"));
                choices.push(PlantVerb::all().map(PlantVerb::name).collect());
            }
            names.push("dealing".to_owned());
            choices.push(
                Dealing::ALL
                    .map(|dealing| dealing.name().to_owned())
                    .to_vec(),
            );
            names.push("law".to_owned());
            choices.push(LAW.map(str::to_owned).to_vec());
        }
        Self {
            kind: Kind::Choices,
            names,
            choices,
        }
    }

    /// Values in an action.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Flags in a mask: all choices of all heads, one after the other.
    pub fn mask_len(&self) -> usize {
        self.choices.iter().map(Vec::len).sum()
    }
}

/// What a robot may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RobotVerb {
    Wait,
    /// To one of eight points of the compass from north by east, near or far.
    Hop {
        point: u8,
        far: bool,
    },
    Survey,
    Anchor,
    Release,
    Dig,
    Deliver,
    Dump,
    Charge,
    Refuel,
    Free,
    Clean,
    /// To half of what its drill reaches, or to all of it.
    Drill {
        full: bool,
    },
    FileClaim,
    /// To the middle of the nearest claim of its owner.
    HopToClaim,
    Stop,
    /// Sell what stands in the owner's tanks.
    Sell,
    /// Carry the load to the cheapest plant of others, or of one's venture, that takes it.
    DeliverOut,
}

impl RobotVerb {
    pub const ALL: [Self; 34] = {
        let mut all = [Self::Wait; 34];
        let mut point = 0;
        while point < 8 {
            all[1 + point as usize] = Self::Hop { point, far: false };
            all[9 + point as usize] = Self::Hop { point, far: true };
            point += 1;
        }
        all[17] = Self::Survey;
        all[18] = Self::Anchor;
        all[19] = Self::Release;
        all[20] = Self::Dig;
        all[21] = Self::Deliver;
        all[22] = Self::Dump;
        all[23] = Self::Charge;
        all[24] = Self::Refuel;
        all[25] = Self::Free;
        all[26] = Self::Clean;
        all[27] = Self::Drill { full: false };
        all[28] = Self::Drill { full: true };
        all[29] = Self::FileClaim;
        all[30] = Self::HopToClaim;
        all[31] = Self::Stop;
        all[32] = Self::Sell;
        all[33] = Self::DeliverOut;
        all
    };

    pub fn name(self) -> String {
        const POINTS: [&str; 8] = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
        match self {
            Self::Wait => "wait".into(),
            Self::Hop { point, far } => format!(
                "hop_{}_{:.0}m",
                POINTS[usize::from(point)],
                HOPS_M[usize::from(far)]
            ),
            Self::Survey => "survey".into(),
            Self::Anchor => "anchor".into(),
            Self::Release => "release".into(),
            Self::Dig => "dig".into(),
            Self::Deliver => "deliver".into(),
            Self::Dump => "dump".into(),
            Self::Charge => "charge".into(),
            Self::Refuel => "refuel".into(),
            Self::Free => "free".into(),
            Self::Clean => "clean".into(),
            Self::Drill { full: false } => "drill_half".into(),
            Self::Drill { full: true } => "drill_full".into(),
            Self::FileClaim => "file_claim".into(),
            Self::HopToClaim => "hop_to_claim".into(),
            Self::Stop => "stop".into(),
            Self::Sell => "sell".into(),
            Self::DeliverOut => "deliver_out".into(),
        }
    }

    /// Whether it makes sense now, as far as instruments tell: it may still be refused.
    fn is_open(self, row: &RobotRow, kind: &RobotKind, seat: &Seat, view: &View<'_>) -> bool {
        if row.gone {
            return self == Self::Wait;
        }
        let stands = row.at_rest || row.touching;
        let charged = LOW_BATTERY < f64::from(row.battery_fraction);
        let may_go = row.idle && charged && !row.bit_stuck && !row.faulty;
        match self {
            Self::Wait => true,
            Self::Stop => !row.idle,
            Self::Hop { .. } => may_go && kind.hop.is_some() && !row.anchored,
            Self::HopToClaim => {
                may_go && kind.hop.is_some() && !row.anchored && !seat.claims.is_empty()
            }
            Self::Survey => row.idle && stands && !kind.instruments.is_empty() && charged,
            Self::Anchor => {
                row.idle
                    && stands
                    && kind.anchor.is_some()
                    && !row.anchored
                    && charged
                    && !row.faulty
            }
            Self::Release => row.idle && row.anchored,
            Self::Dig => {
                row.idle && kind.drum.is_some() && charged && row.bin_fill < 1.0 && !row.faulty
            }
            Self::Deliver => may_go && 0.0 < row.bin_fill && !seat.plants.is_empty(),
            Self::DeliverOut => may_go && 0.0 < row.bin_fill && seat.open_plant.is_some(),
            Self::Dump => row.idle && 0.0 < row.bin_fill,
            Self::Charge => row.idle && row.battery_fraction < 0.98,
            Self::Refuel => may_go && row.propellant_fill < 0.98 && !seat.plants.is_empty(),
            Self::Free => row.bit_stuck || (row.idle && (!stands || row.upright < 0.7)),
            Self::Clean => row.idle && kind.brush_leaves < 1.0 && 0.05 < row.panel_dust,
            Self::Drill { .. } => row.idle && stands && kind.drill.is_some() && charged,
            Self::FileClaim => row.idle && stands && view.may_claim,
            Self::Sell => seat
                .plants
                .iter()
                .any(|&plant| KEPT_WATER_KG < view.telemetry.plants[plant].water_kg),
        }
    }

    fn orders(self, cast: &Cast, at: usize, seat: &Seat, view: &View<'_>, orders: &mut Vec<Order>) {
        let row = &view.telemetry.robots[at];
        let robot = || cast.robots[at].name.clone();
        let order = match self {
            Self::Wait => return,
            Self::Hop { point, far } => {
                let (east, north) = compass(row.up);
                let (sin, cos) = (std::f32::consts::FRAC_PI_4 * f32::from(point)).sin_cos();
                let along = HOPS_M[usize::from(far)] * (cos * north + sin * east);
                Order::HopTo {
                    robot: robot(),
                    target_m: (row.position_m + along).as_dvec3().to_array(),
                }
            }
            Self::Survey => Order::Survey { robot: robot() },
            Self::Anchor => Order::Anchor { robot: robot() },
            Self::Release => Order::Release { robot: robot() },
            Self::Dig => Order::Dig {
                robot: robot(),
                until_kg: None,
            },
            Self::Deliver => Order::Deliver {
                robot: robot(),
                plant: None,
            },
            Self::DeliverOut => {
                let Some(plant) = seat.open_plant else { return };
                Order::Deliver {
                    robot: robot(),
                    plant: Some(cast.plants[plant].clone()),
                }
            }
            Self::Dump => Order::Dump { robot: robot() },
            Self::Charge => Order::Charge { robot: robot() },
            Self::Refuel => Order::Refuel { robot: robot() },
            Self::Free => Order::Free { robot: robot() },
            Self::Clean => Order::Clean { robot: robot() },
            Self::Drill { full } => {
                let reach_m = cast.robots[at]
                    .kind
                    .drill
                    .map_or(0.0, |drill| drill.depth_max_m);
                Order::DrillTo {
                    robot: robot(),
                    depth_m: if full { reach_m } else { 0.5 * reach_m },
                }
            }
            Self::FileClaim => Order::FileClaim {
                robot: robot(),
                radius_m: claim_radius_m(view),
            },
            Self::HopToClaim => {
                let distance = |centre: &Vec3| centre.distance_squared(row.position_m);
                let nearest = seat
                    .claims
                    .iter()
                    .map(|claim| claim.centre_m)
                    .min_by(|one, other| distance(one).total_cmp(&distance(other)));
                let Some(centre_m) = nearest else { return };
                Order::HopTo {
                    robot: robot(),
                    target_m: centre_m.as_dvec3().to_array(),
                }
            }
            Self::Stop => Order::Stop { robot: robot() },
            Self::Sell => {
                for &plant in &seat.plants {
                    sell(cast, seat, plant, 1.0, view, orders);
                }
                return;
            }
        };
        orders.push(order);
    }
}

fn claim_radius_m(view: &View<'_>) -> f64 {
    view.claim_radius_max_m
        .map_or(CLAIM_RADIUS_M, |most| most.min(CLAIM_RADIUS_M))
}

/// Sells part of what is in a tank, and no more than the quota still allows to arrive.
fn sell(
    cast: &Cast,
    seat: &Seat,
    plant: usize,
    share: f64,
    view: &View<'_>,
    orders: &mut Vec<Order>,
) {
    let spare_kg = view.telemetry.plants[plant].water_kg - KEPT_WATER_KG;
    let allowed_kg = seat
        .quota_left_kg
        .map_or(f64::INFINITY, |left_kg| left_kg / cast.delivered_share);
    let mass_kg = whole_grams((share * spare_kg).min(allowed_kg));
    if SALE_MIN_KG <= mass_kg {
        orders.push(Order::Sell {
            plant: cast.plants[plant].clone(),
            mass_kg,
        });
    }
}

/// What a plant may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlantVerb {
    Wait,
    Sell(usize),
    Process(usize),
    StandStill,
}

impl PlantVerb {
    fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Wait)
            .chain((0..SALES.len()).map(Self::Sell))
            .chain((0..PROCESSES).map(Self::Process))
            .chain(std::iter::once(Self::StandStill))
    }

    fn name(self) -> String {
        match self {
            Self::Wait => "wait".into(),
            Self::Sell(which) => format!("sell_{:.0}_percent", 100.0 * SALES[which]),
            Self::Process(which) => format!("process_{which}"),
            Self::StandStill => "stand_still".into(),
        }
    }
}

/// Whether a plant has been told to do nothing: what no process of its list is.
pub(super) fn stands_still(cast: &Cast, plant: usize, seen: &Telemetry) -> bool {
    cast.processes[plant].len() <= usize::from(seen.plants[plant].process)
}

/// Steps before the law, one a step.
const LAW: [&str; 5] = [
    "wait",
    "renew_claim",
    "abandon_claim",
    "vote_yes",
    "vote_no",
];

/// Writes which choices make sense now, all heads one after the other.
pub(super) fn mask(cast: &Cast, seat: &Seat, view: &View<'_>, out: &mut [bool]) {
    let mut slots = out.iter_mut();
    let mut put = |open: bool| {
        if let Some(slot) = slots.next() {
            *slot = open;
        }
    };
    for index in 0..cast.robot_heads {
        match seat.robots.get(index) {
            Some(&at) => {
                let row = &view.telemetry.robots[at];
                let kind = &cast.robots[at].kind;
                for verb in RobotVerb::ALL {
                    put(verb.is_open(row, kind, seat, view));
                }
            }
            None => {
                for verb in RobotVerb::ALL {
                    put(verb == RobotVerb::Wait);
                }
            }
        }
    }
    if !cast.deals {
        return;
    }
    for index in 0..cast.plants_max {
        let plant = seat.plants.get(index).copied();
        for verb in PlantVerb::all() {
            put(match (verb, plant) {
                (PlantVerb::Wait, _) => true,
                (_, None) => false,
                (PlantVerb::Sell(_), Some(plant)) => {
                    KEPT_WATER_KG < view.telemetry.plants[plant].water_kg
                }
                (PlantVerb::Process(which), Some(plant)) => {
                    which < cast.processes[plant].len()
                        && which != usize::from(view.telemetry.plants[plant].process)
                }
                (PlantVerb::StandStill, Some(plant)) => !stands_still(cast, plant, view.telemetry),
            });
        }
    }
    for dealing in Dealing::ALL {
        put(dealing.is_open(seat, view));
    }
    put(true);
    put(!seat.claims.is_empty());
    put(!seat.claims.is_empty());
    put(view.public.open_proposal.is_some());
    put(view.public.open_proposal.is_some());
}

/// A choice that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{head} = {found}, expected a whole number from 0 to {last}")]
pub struct NoSuchChoice {
    pub head: String,
    pub found: i64,
    pub last: usize,
}

/// Turns choices into orders.
///
/// # Errors
/// [`NoSuchChoice`] before any order is made.
pub(super) fn choose(
    cast: &Cast,
    seat: &Seat,
    view: &View<'_>,
    choices: &[i64],
    orders: &mut Vec<Order>,
) {
    let mut choices = choices.iter().map(|&choice| choice as usize);
    for index in 0..cast.robot_heads {
        let choice = choices.next().unwrap_or(0);
        if let (Some(verb), Some(&at)) = (RobotVerb::ALL.get(choice), seat.robots.get(index)) {
            verb.orders(cast, at, seat, view, orders);
        }
    }
    if !cast.deals {
        return;
    }
    for index in 0..cast.plants_max {
        let choice = choices.next().unwrap_or(0);
        let Some(&plant) = seat.plants.get(index) else {
            continue;
        };
        match PlantVerb::all().nth(choice) {
            Some(PlantVerb::Sell(which)) => sell(cast, seat, plant, SALES[which], view, orders),
            Some(PlantVerb::Process(which)) => {
                if let Some(process) = cast.processes[plant].get(which) {
                    orders.push(Order::SetProcess {
                        plant: cast.plants[plant].clone(),
                        process: process.clone(),
                        mass_kg: None,
                    });
                }
            }
            Some(PlantVerb::StandStill) => orders.push(Order::SetProcess {
                plant: cast.plants[plant].clone(),
                process: STAND_STILL.to_owned(),
                mass_kg: None,
            }),
            Some(PlantVerb::Wait) | None => {}
        }
    }
    if let Some(dealing) = Dealing::ALL.get(choices.next().unwrap_or(0)) {
        dealing.orders(cast, seat, view, orders);
    }
    let claim = |newest: bool| {
        let mut ids = seat.claims.iter().map(|claim| claim.id);
        if newest { ids.next_back() } else { ids.next() }
    };
    match choices.next().unwrap_or(0) {
        1 => orders.extend(claim(false).map(|claim| Order::RenewClaim { claim })),
        2 => orders.extend(claim(true).map(|claim| Order::AbandonClaim { claim })),
        choice @ (3 | 4) => orders.extend(view.public.open_proposal.map(|proposal| Order::Vote {
            proposal,
            in_favour: choice == 3,
        })),
        _ => {}
    }
}

/// Checks choices against the heads.
///
/// # Errors
/// [`NoSuchChoice`] for the first that there is not.
pub(super) fn check(heads: &Heads, choices: &[i64]) -> Result<(), NoSuchChoice> {
    for ((name, options), &choice) in heads.names.iter().zip(&heads.choices).zip(choices) {
        if !usize::try_from(choice).is_ok_and(|choice| choice < options.len()) {
            return Err(NoSuchChoice {
                head: name.clone(),
                found: choice,
                last: options.len() - 1,
            });
        }
    }
    Ok(())
}

/// Turns set-points from -1 to 1 into orders of one robot for `for_s`.
pub(super) fn actuate(
    cast: &Cast,
    seat: &Seat,
    view: &View<'_>,
    numbers: &[f32],
    for_s: f64,
    orders: &mut Vec<Order>,
) {
    let (
        &[
            left,
            up,
            ahead,
            pitch,
            yaw,
            roll,
            drums,
            press,
            speed,
            anchor,
            legs,
        ],
        Some(&at),
    ) = (
        numbers.first_chunk::<11>().unwrap_or(&[0.0; 11]),
        seat.robots.first(),
    )
    else {
        return;
    };
    let row = &view.telemetry.robots[at];
    if row.gone {
        return;
    }
    let me = &cast.robots[at];
    let robot = || me.name.clone();
    let stands = row.at_rest || row.touching;
    if DEAD_ZONE < anchor && !row.anchored && me.kind.anchor.is_some() && stands {
        // The anchors take their time; while they do there is nothing else to tell.
        if row.idle || matches!(row.activity, crate::sim::observation::Activity::Hopping) {
            orders.push(Order::Anchor { robot: robot() });
        }
        return;
    }
    if anchor < -DEAD_ZONE && row.anchored {
        orders.push(Order::Release { robot: robot() });
        return;
    }
    if matches!(row.activity, crate::sim::observation::Activity::Anchoring) {
        return;
    }
    if let Some(spec) = me.kind.hop
        && DEAD_ZONE < legs
        && stands
        && !row.anchored
    {
        let part = f64::from((legs - DEAD_ZONE) / (1.0 - DEAD_ZONE));
        let fastest_m_s = spec.speed_max_m_s.min(cast.safe_speed_m_s);
        orders.push(Order::Jump {
            robot: robot(),
            speed_m_s: (part * fastest_m_s).max(0.005),
            predicted_apex_m: None,
        });
        return;
    }
    let thrust_max_n = me.kind.thrust_max_n();
    let torque_max_n_m = me.kind.wheels.torque_n_m;
    let tool = |value: f32, has: bool| if has { f64::from(value.max(0.0)) } else { 0.0 };
    let drum_rate = tool(drums, me.kind.drum.is_some());
    let (drill_press, drill_speed) = (
        tool(press, me.kind.drill.is_some()),
        tool(speed, me.kind.drill.is_some()),
    );
    let works = 0.0 < drum_rate || 0.0 < drill_press || 0.0 < drill_speed;
    if row.anchored && !works {
        return;
    }
    let steer = |value: f32, most: f64| {
        if row.anchored {
            0.0
        } else {
            f64::from(value) * most
        }
    };
    let thrust_n = [left, up, ahead].map(|value| steer(value, thrust_max_n));
    let torque_n_m = [pitch, yaw, roll].map(|value| steer(value, torque_max_n_m));
    if !works && thrust_n == [0.0; 3] && torque_n_m == [0.0; 3] {
        return;
    }
    orders.push(Order::Actuate {
        robot: robot(),
        thrust_n,
        torque_n_m,
        drum_rate,
        drill_press,
        drill_speed,
        for_s,
    });
}

/// Whether the agents of a task deal for a prospector, or only work a robot.
pub(super) fn deals(control: Control, who: &Who) -> bool {
    control != Control::Actuators && matches!(who, Who::Prospectors(_))
}
