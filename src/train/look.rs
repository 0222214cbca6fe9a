//! What an agent sees, number by number.
//!
//! One function writes each block. It is run over a [`Sink`] that keeps the values, and over one that
//! keeps the names, so that no name can stand for another number than its own.

use bevy::math::{Mat3, Quat, Vec3};

use super::action::stands_still;
use super::cast::Cast;
use super::seats::{Seat, View};
use super::task::Control;
use crate::sim::observation::Activity;
use crate::sim::observation::telemetry::{PlantRow, RobotRow, Telemetry};

/// What takes the numbers.
pub trait Sink {
    fn block(&mut self, name: &str, index: Option<usize>);
    fn flag(&mut self, name: &str, value: bool);
    /// From 0 to 1.
    fn share(&mut self, name: &str, value: f32);
    /// From -1 to 1.
    fn signed(&mut self, name: &str, value: f32);
    /// Any number x, told as x/(|x| + scale).
    fn squashed(&mut self, name: &str, unit: &'static str, scale: f32, value: f32);
}

/// Keeps the values, in a slice of just the right length.
pub struct Values<'a> {
    left: std::slice::IterMut<'a, f32>,
}

impl<'a> Values<'a> {
    pub fn of(out: &'a mut [f32]) -> Self {
        Self {
            left: out.iter_mut(),
        }
    }

    #[inline]
    fn put(&mut self, value: f32) {
        let slot = self.left.next();
        debug_assert!(slot.is_some(), "an observation is longer than its layout");
        if let Some(slot) = slot {
            // What cannot be told is told as nothing, and never as a number that is none.
            *slot = if value.is_finite() { value } else { 0.0 };
        }
    }

    pub fn is_full(&self) -> bool {
        self.left.len() == 0
    }
}

impl Sink for Values<'_> {
    #[inline]
    fn block(&mut self, _: &str, _: Option<usize>) {}

    #[inline]
    fn flag(&mut self, _: &str, value: bool) {
        self.put(f32::from(u8::from(value)));
    }

    #[inline]
    fn share(&mut self, _: &str, value: f32) {
        self.put(value.clamp(0.0, 1.0));
    }

    #[inline]
    fn signed(&mut self, _: &str, value: f32) {
        self.put(value.clamp(-1.0, 1.0));
    }

    #[inline]
    fn squashed(&mut self, _: &str, _: &'static str, scale: f32, value: f32) {
        self.put(value / (value.abs() + scale));
    }
}

/// Axes of a robot that vectors are told in.
#[derive(Clone, Copy)]
struct Axes {
    origin_m: Vec3,
    /// Takes vectors of the site to these axes.
    from_site: Quat,
    names: &'static [[&'static str; 3]; 6],
}

const BODY: [[&str; 3]; 6] = [
    ["velocity_left", "velocity_up", "velocity_ahead"],
    ["spin_left", "spin_up", "spin_ahead"],
    ["sun_left", "sun_up", "sun_ahead"],
    ["vertical_left", "vertical_up", "vertical_ahead"],
    ["left", "up", "ahead"],
    ["heading_left", "heading_up", "heading_ahead"],
];
const LOCAL: [[&str; 3]; 6] = [
    ["velocity_east", "velocity_north", "velocity_up"],
    ["spin_east", "spin_north", "spin_up"],
    ["sun_east", "sun_north", "sun_up"],
    ["vertical_east", "vertical_north", "vertical_up"],
    ["east", "north", "up"],
    ["heading_east", "heading_north", "heading_up"],
];
const VELOCITY: usize = 0;
const SPIN: usize = 1;
const SUN: usize = 2;
const VERTICAL: usize = 3;
const WAY: usize = 4;
const HEADING: usize = 5;

impl Axes {
    fn of(control: Control, row: &RobotRow) -> Self {
        match control {
            Control::Actuators => Self {
                origin_m: row.position_m,
                from_site: row.rotation.inverse(),
                names: &BODY,
            },
            Control::Orders | Control::Economy => {
                let (east, north) = compass(row.up);
                // Columns of a rotation are where the axes go, so its inverse takes vectors back.
                let axes = Mat3::from_cols(east, north, row.up);
                Self {
                    origin_m: row.position_m,
                    from_site: Quat::from_mat3(&axes).inverse(),
                    names: &LOCAL,
                }
            }
        }
    }
}

/// East and north where this is up. At a pole, east is any way.
pub fn compass(up: Vec3) -> (Vec3, Vec3) {
    let east = Vec3::Z.cross(up).normalize_or(up.any_orthonormal_vector());
    (east, up.cross(east))
}

/// Names everything that an agent of this cast sees.
pub(super) fn describe(cast: &Cast, names: &mut impl Sink) {
    look(cast, None, names);
}

/// Writes what the agent in a seat sees.
pub(super) fn look(cast: &Cast, view: Option<(&View<'_>, &Seat)>, sink: &mut impl Sink) {
    let seat = view.map(|(_, seat)| seat);
    let telemetry = view.map(|(view, _)| view.telemetry);
    let own = seat.map_or(&[][..], |seat| &seat.robots);
    sink.block("episode", None);
    sink.share("progress", view.map_or(0.0, |(view, _)| view.progress));
    sink.flag("refused", seat.is_some_and(|seat| seat.refused));
    for index in 0..cast.robots_max {
        sink.block("robot", Some(index));
        let row = own
            .get(index)
            .zip(telemetry)
            .map(|(&at, seen)| &seen.robots[at]);
        let sun = telemetry.map_or(Vec3::ZERO, |seen| seen.sun);
        let axes = Axes::of(cast.task.control, row.unwrap_or(&NO_ROBOT));
        let height_m = seat.map_or(0.0, |seat| seat.height_m);
        robot(cast, &axes, row, sun, height_m, sink);
        let base = row
            .zip(seat)
            .zip(telemetry)
            .and_then(|((row, seat), seen)| base_of(seat, seen, row));
        way("base", &axes, base.map(|plant| plant.position_m), sink);
        if cast.task.control != Control::Actuators {
            let known = seat.and_then(|seat| seat.ground.get(index)).copied();
            let known = known.unwrap_or_default();
            sink.flag("ground_known", known.is_known);
            sink.share("water_estimate", known.water);
            sink.share("water_estimate_std", known.water_std);
        }
    }
    if cast.has_mark {
        sink.block("target", None);
        let row = own
            .first()
            .zip(telemetry)
            .map(|(&at, seen)| &seen.robots[at]);
        let mark = seat.and_then(|seat| seat.mark_m);
        let axes = Axes::of(cast.task.control, row.unwrap_or(&NO_ROBOT));
        way("way", &axes, row.and(mark), sink);
    }
    for index in 0..cast.plants_max {
        sink.block("plant", Some(index));
        let seen = seat.and_then(|seat| seat.plants.get(index)).zip(telemetry);
        plant(seen.map(|(&at, seen)| &seen.plants[at]), sink);
        if cast.task.control != Control::Actuators {
            let still = seen.is_some_and(|(&at, seen)| stands_still(cast, at, seen));
            sink.flag("stands_still", still);
        }
    }
    if cast.task.control != Control::Actuators {
        books(view, sink);
    }
    let first = own
        .first()
        .zip(telemetry)
        .map(|(&at, seen)| (at, &seen.robots[at]));
    let near = match (view, first) {
        (Some((view, seat)), Some((at, _))) => view.neighbours(at, seat, cast.task.neighbours),
        _ => Default::default(),
    };
    let axes = Axes::of(cast.task.control, first.map_or(&NO_ROBOT, |(_, row)| row));
    for index in 0..cast.task.neighbours {
        sink.block("other", Some(index));
        let other = near
            .get(index)
            .zip(telemetry)
            .map(|(&other, seen)| &seen.robots[other]);
        sink.flag("is_there", other.is_some());
        sink.flag(
            "is_own",
            other
                .zip(seat)
                .is_some_and(|(other, seat)| other.owner == seat.owner),
        );
        way("way", &axes, other.map(|other| other.position_m), sink);
    }
}

/// Prices are told against this [credits/kg]: about what water costs in space.
const PRICE_SCALE: f32 = 5_000.0;

/// What stands where no robot is.
const NO_ROBOT: RobotRow = RobotRow {
    owner: crate::sim::prospector::ProspectorId(u32::MAX),
    position_m: Vec3::ZERO,
    velocity_m_s: Vec3::ZERO,
    rotation: Quat::IDENTITY,
    angular_velocity_rad_s: Vec3::ZERO,
    up: Vec3::Y,
    weight_m_s2: 0.0,

    activity: Activity::Lost,
    idle: false,
    progress: 0.0,
    battery_fraction: 0.0,
    solar_w: 0.0,
    bin_kg: 0.0,
    bin_fill: 0.0,
    propellant_kg: 0.0,
    propellant_fill: 0.0,
    anchored: false,
    anchor_hold_n: 0.0,
    touching: false,
    at_rest: false,
    gone: true,
    faulty: false,
    wear: 0.0,
    seal_wear: 0.0,
    panel_dust: 0.0,
    warmth: 0.0,
    upright: 0.0,
    wheel_fill: 0.0,
    bit_stuck: false,
    hole_depth_m: 0.0,
    drill_rate_m_s: 0.0,
};

/// Activities in the order of the layout.
const ACTIVITIES: [(Activity, &str); 11] = [
    (Activity::Hopping, "is_hopping"),
    (Activity::Braking, "is_braking"),
    (Activity::Settling, "is_settling"),
    (Activity::Anchoring, "is_anchoring"),
    (Activity::Digging, "is_digging"),
    (Activity::Unloading, "is_unloading"),
    (Activity::Charging, "is_charging"),
    (Activity::Surveying, "is_surveying"),
    (Activity::Refuelling, "is_refuelling"),
    (Activity::Servicing, "is_servicing"),
    (Activity::Adrift, "is_adrift"),
];

fn robot(
    cast: &Cast,
    axes: &Axes,
    row: Option<&RobotRow>,
    sun: Vec3,
    height_m: f32,
    sink: &mut impl Sink,
) {
    let is_there = row.is_some();
    let row = row.unwrap_or(&NO_ROBOT);
    let mut vector = |what: usize, vector: Vec3, scale: Option<(f32, &'static str)>| {
        let told = axes.from_site * vector;
        for (name, value) in axes.names[what].iter().zip(told.to_array()) {
            match scale {
                Some((scale, unit)) => sink.squashed(name, unit, scale, value),
                None => sink.signed(name, value),
            }
        }
    };
    vector(VELOCITY, row.velocity_m_s, Some((0.05, "m/s")));
    vector(SPIN, row.angular_velocity_rad_s, Some((0.05, "rad/s")));
    // A robot that is told about in its own axes sees the world turn; one that is told about in the
    // axes of its place sees itself turn.
    if cast.task.control == Control::Actuators {
        vector(VERTICAL, row.up, None);
    } else {
        vector(HEADING, row.rotation * Vec3::Z, None);
    }
    vector(SUN, if is_there { sun } else { Vec3::ZERO }, None);
    sink.flag("is_there", is_there && !row.gone);
    if cast.task.control == Control::Actuators {
        sink.squashed("height", "m", 2.0, height_m);
    }
    sink.squashed("weight", "m/s²", 1e-4, row.weight_m_s2);
    sink.share("upright", 0.5 + 0.5 * row.upright);
    sink.share("battery", row.battery_fraction);
    sink.squashed("solar_power", "W", 100.0, row.solar_w);
    sink.share("bin_fill", row.bin_fill);
    sink.squashed("bin_load", "kg", 20.0, row.bin_kg);
    sink.share("propellant_fill", row.propellant_fill);
    sink.flag("is_touching", row.touching);
    sink.flag("is_at_rest", row.at_rest);
    sink.flag("is_anchored", row.anchored);
    sink.squashed("anchor_hold", "N", 5.0, row.anchor_hold_n);
    sink.flag("is_faulty", row.faulty);
    sink.share("wear", row.wear);
    sink.share("seal_wear", row.seal_wear);
    sink.share("panel_dust", row.panel_dust);
    sink.share("warmth", row.warmth);
    sink.share("wheel_fill", row.wheel_fill);
    sink.flag("is_bit_stuck", row.bit_stuck);
    sink.squashed("hole_depth", "m", 0.5, row.hole_depth_m);
    sink.squashed("drill_rate", "m/s", 1e-4, row.drill_rate_m_s);
    if cast.task.control != Control::Actuators {
        sink.flag("is_idle", row.idle);
        sink.share("task_progress", row.progress);
        for (activity, name) in ACTIVITIES {
            sink.flag(name, row.activity == activity);
        }
    }
}

/// A way from a robot to a place, in the robot's axes.
fn way(name: &str, axes: &Axes, to_m: Option<Vec3>, sink: &mut impl Sink) {
    let way_m = to_m.map_or(Vec3::ZERO, |to_m| axes.from_site * (to_m - axes.origin_m));
    for (axis, value) in axes.names[WAY].iter().zip(way_m.to_array()) {
        named(sink, name, axis, value);
    }
    named(sink, name, "distance", way_m.length());
}

#[inline]
fn named(sink: &mut impl Sink, name: &str, axis: &str, value: f32) {
    // The names of a way are few; they are put together only where they are kept.
    sink.squashed(way_name(name, axis), "m", 10.0, value);
}

fn way_name(name: &str, axis: &str) -> &'static str {
    match (name, axis) {
        ("base", "left") => "base_left",
        ("base", "up") => "base_up",
        ("base", "ahead") => "base_ahead",
        ("base", "east") => "base_east",
        ("base", "north") => "base_north",
        ("base", _) => "base_distance",
        (_, "left") => "left",
        (_, "up") => "up",
        (_, "ahead") => "ahead",
        (_, "east") => "east",
        (_, "north") => "north",
        _ => "distance",
    }
}

fn plant(row: Option<&PlantRow>, sink: &mut impl Sink) {
    sink.flag("is_there", row.is_some());
    sink.share("hopper_fill", row.map_or(0.0, |row| row.hopper_fill));
    sink.squashed(
        "hopper_load",
        "kg",
        100.0,
        row.map_or(0.0, |row| row.hopper_kg),
    );
    sink.squashed(
        "water",
        "kg",
        50.0,
        row.map_or(0.0, |row| row.water_kg as f32),
    );
    sink.squashed(
        "tailings",
        "kg",
        500.0,
        row.map_or(0.0, |row| row.tailings_kg),
    );
    sink.flag("is_running", row.is_some_and(|row| row.running));
}

fn books(view: Option<(&View<'_>, &Seat)>, sink: &mut impl Sink) {
    let row = view.map(|(view, seat)| &view.telemetry.prospectors[seat.owner.0 as usize]);
    let credits = row.map_or(0.0, |row| row.credits);
    let earned = credits - view.map_or(0.0, |(_, seat)| seat.credits_at_start);
    sink.block("books", None);
    sink.squashed("credits", "credits", 1e6, credits as f32);
    sink.squashed("earned", "credits", 1e5, earned as f32);
    sink.squashed(
        "stored_water",
        "kg",
        50.0,
        row.map_or(0.0, |row| row.stored_water_kg as f32),
    );
    sink.squashed(
        "readings",
        "",
        20.0,
        row.map_or(0.0, |row| row.readings as f32),
    );
    sink.squashed(
        "waiting_orders",
        "",
        1.0,
        row.map_or(0.0, |row| row.waiting_orders as f32),
    );
    sink.squashed("claims", "", 2.0, row.map_or(0.0, |row| row.claims as f32));
    sink.block("market", None);
    let public = view.map(|(view, _)| view.public).unwrap_or_default();
    let price = view.map_or(0.0, |(view, _)| view.telemetry.price_credits_per_kg);
    sink.squashed("price", "credits/kg", PRICE_SCALE, price as f32);
    let overhang_kg = view.map_or(0.0, |(view, _)| view.telemetry.overhang_kg);
    sink.squashed("overhang", "kg", 500.0, overhang_kg as f32);
    sink.squashed(
        "best_bid",
        "credits/kg",
        PRICE_SCALE,
        public.best_bid as f32,
    );
    sink.squashed(
        "best_ask",
        "credits/kg",
        PRICE_SCALE,
        public.best_ask as f32,
    );
    sink.block("venture", None);
    let venture = view.and_then(|(_, seat)| seat.venture.as_ref());
    let sale = view.and_then(|(_, seat)| seat.sale);
    sink.flag("is_there", venture.is_some());
    sink.flag(
        "is_member",
        venture.is_some_and(|venture| venture.is_member),
    );
    sink.squashed(
        "members",
        "",
        3.0,
        venture.map_or(0.0, |venture| venture.members as f32),
    );
    sink.squashed(
        "reserve",
        "credits",
        1e6,
        venture.map_or(0.0, |venture| venture.reserve_credits as f32),
    );
    sink.share("own_part", venture.map_or(0.0, |venture| venture.part));
    sink.squashed(
        "plants",
        "",
        1.0,
        venture.map_or(0.0, |venture| venture.plants as f32),
    );
    sink.flag("is_plant_for_sale", sale.is_some());
    sink.squashed(
        "plant_price",
        "credits",
        1e7,
        sale.map_or(0.0, |(_, price)| price as f32),
    );
    sink.flag(
        "is_plant_open",
        view.is_some_and(|(_, seat)| seat.open_plant.is_some()),
    );
    sink.block("law", None);
    sink.squashed("fund", "credits", 1e6, public.fund_credits as f32);
    sink.squashed("claims_of_all", "", 5.0, public.claims as f32);
    sink.flag("is_vote_open", public.open_proposal.is_some());
    let quota_kg = view.and_then(|(_, seat)| seat.quota_left_kg);
    sink.flag("has_quota", quota_kg.is_some());
    sink.squashed("quota_left", "kg", 100.0, quota_kg.unwrap_or(0.0) as f32);
}

/// The nearest plant of one's own.
fn base_of<'a>(seat: &Seat, seen: &'a Telemetry, row: &RobotRow) -> Option<&'a PlantRow> {
    let distance = |plant: &PlantRow| plant.position_m.distance_squared(row.position_m);
    seat.plants
        .iter()
        .map(|&at| &seen.plants[at])
        .min_by(|one, other| distance(one).total_cmp(&distance(other)))
}
