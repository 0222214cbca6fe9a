//! The orders a player can give a robot: their words, keys and glyphs, and why one is out of
//! reach just now.
//!
//! A hindrance is told from the player's own telemetry alone, so that a button can say beforehand
//! what the world would answer. The world has the last word: an order that looks possible here may
//! still be refused, and the reason then stands in the message log.

use bevy::prelude::*;

use super::{Intent, format};
use crate::client::selection::Way;
use crate::sim::observation::{Activity, ClaimView, OwnPlant, OwnRobot};
use crate::sim::order::Order;
use crate::sim::prospecting::Instrument;

/// Below this part of its charge a robot does nothing but rest.
const LOW_BATTERY: f32 = crate::sim::robot::autopilot::LOW_BATTERY as f32;

/// What is known around a robot when an order is weighed.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Name of the prospector whose robot it is.
    pub owner: &'a str,
    pub plants: &'a [OwnPlant],
    pub claims: &'a [ClaimView],
    /// In the owner's account [credits].
    pub credits: f64,
    pub claim_fee: f64,
    /// Whether the charter lets ground be held.
    pub gives_claims: bool,
}

/// What has been set for the orders that need an amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amounts {
    pub claim_radius_m: f64,
    pub depth_m: f64,
    pub jump_m_s: f64,
    /// The height that the player foretells for the next jump.
    pub apex_m: Option<f64>,
}

/// An order to a robot, before it has its place or amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Hop,
    Fly,
    Jump,
    Grip,
    Drill,
    Free,
    Anchor,
    Release,
    Dig,
    Deliver,
    Charge,
    Survey,
    Claim,
    Refuel,
    Stop,
}

impl Verb {
    /// In the order in which a working day uses them.
    pub const ALL: [Self; 15] = [
        Self::Hop,
        Self::Fly,
        Self::Jump,
        Self::Grip,
        Self::Survey,
        Self::Claim,
        Self::Anchor,
        Self::Release,
        Self::Dig,
        Self::Drill,
        Self::Deliver,
        Self::Refuel,
        Self::Charge,
        Self::Free,
        Self::Stop,
    ];

    /// Whether a robot has what it takes; no button is shown for what it never can do.
    pub fn suits(self, robot: &OwnRobot) -> bool {
        let outfit = &robot.outfit;
        match self {
            Self::Hop => outfit.hops || outfit.thrusters,
            Self::Fly => outfit.thrusters,
            Self::Jump => outfit.hops,
            Self::Grip => outfit.claws,
            Self::Anchor | Self::Release => outfit.anchor,
            Self::Dig => outfit.drum,
            Self::Drill => 0.0 < outfit.drill_depth_m,
            Self::Deliver => 0.0 < outfit.bin_capacity_kg,
            Self::Refuel => 0.0 < outfit.tank_capacity_kg,
            Self::Survey => robot
                .instruments
                .iter()
                .any(|spec| spec.instrument == Instrument::ContactSpectrometer),
            Self::Claim | Self::Charge | Self::Free | Self::Stop => true,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Hop => "Hop to…",
            Self::Fly => "Fly to…",
            Self::Jump => "Jump up",
            Self::Grip => "Grip rock…",
            Self::Drill => "Drill",
            Self::Free => "Get free",
            Self::Anchor => "Anchor",
            Self::Release => "Release",
            Self::Dig => "Dig",
            Self::Deliver => "Deliver",
            Self::Charge => "Charge",
            Self::Survey => "Survey",
            Self::Claim => "Claim here",
            Self::Refuel => "Refuel",
            Self::Stop => "Stop",
        }
    }

    pub fn key(self) -> KeyCode {
        match self {
            Self::Hop => KeyCode::KeyH,
            Self::Fly => KeyCode::KeyY,
            Self::Jump => KeyCode::KeyU,
            Self::Grip => KeyCode::KeyI,
            Self::Drill => KeyCode::KeyN,
            Self::Free => KeyCode::KeyZ,
            Self::Anchor => KeyCode::KeyA,
            Self::Release => KeyCode::KeyR,
            Self::Dig => KeyCode::KeyD,
            Self::Deliver => KeyCode::KeyL,
            Self::Charge => KeyCode::KeyC,
            Self::Survey => KeyCode::KeyV,
            Self::Claim => KeyCode::KeyK,
            Self::Refuel => KeyCode::KeyF,
            Self::Stop => KeyCode::KeyX,
        }
    }

    pub fn key_name(self) -> &'static str {
        match self {
            Self::Hop => "H",
            Self::Fly => "Y",
            Self::Jump => "U",
            Self::Grip => "I",
            Self::Drill => "N",
            Self::Free => "Z",
            Self::Anchor => "A",
            Self::Release => "R",
            Self::Dig => "D",
            Self::Deliver => "L",
            Self::Charge => "C",
            Self::Survey => "V",
            Self::Claim => "K",
            Self::Refuel => "F",
            Self::Stop => "X",
        }
    }

    /// What the order does, in a sentence or two.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Hop => {
                "Jump to a place on the ground: click it next. Gravity is so weak that a hop takes \
                 many minutes; the estimate is shown before you commit."
            }
            Self::Fly => {
                "Fly to a place on the thrusters, over whatever lies between: click it next. It \
                 costs propellant and leaves nothing to chance."
            }
            Self::Jump => {
                "Jump straight up at the speed set below and come down again. Say beforehand how \
                 high it will go, if you like."
            }
            Self::Grip => {
                "Go to the rock nearest to a place and hold on to it: click it next. Hooks catch \
                 on rock, never on gravel."
            }
            Self::Drill => {
                "Drill under the robot to the depth set below. The bit needs weight on it, and \
                 twists the robot: anchor first."
            }
            Self::Free => {
                "Help itself: land what drifts, turn over what lies on its side, work a stuck bit \
                 loose."
            }
            Self::Anchor => {
                "Screw the anchors into the ground. Only an anchored robot can push a drill \
                 without pushing itself off."
            }
            Self::Release => "Pull the anchors out, so that the robot can move again.",
            Self::Dig => {
                "Dig where the robot stands until the bin is full. Without anchors the reaction \
                 lifts the robot off the ground."
            }
            Self::Deliver => "Carry the load to your nearest plant and tip it into its hopper.",
            Self::Charge => "Rest with the panel to the Sun until the battery is full.",
            Self::Survey => {
                "Measure the water in the ground under the robot. Each reading has an error; more \
                 readings make it smaller."
            }
            Self::Claim => {
                "Register the ground around the robot as yours. Others may not dig there; the \
                 registry asks a fee."
            }
            Self::Refuel => {
                "Go to your nearest plant and fill the propellant tank with water from it."
            }
            Self::Stop => "Drop the present task. A robot in flight still lands.",
        }
    }

    /// Something the player should know though the order is possible.
    pub fn caution(self, robot: &OwnRobot) -> Option<&'static str> {
        match self {
            Self::Dig if !robot.anchored => {
                Some("Not anchored: digging will push the robot off the ground.")
            }
            Self::Drill if !robot.anchored => {
                Some("Not anchored: the drill lifts and turns the robot.")
            }
            Self::Hop if robot.battery_fraction < 2.0 * LOW_BATTERY => {
                Some("The battery is nearly empty.")
            }
            _ => None,
        }
    }

    /// The order in full, unless it needs a place.
    pub fn order(self, robot: &str, amounts: &Amounts) -> Option<Order> {
        let robot = robot.to_owned();
        match self {
            Self::Hop | Self::Fly | Self::Grip => None,
            Self::Jump => Some(Order::Jump {
                robot,
                speed_m_s: amounts.jump_m_s,
                predicted_apex_m: amounts.apex_m,
            }),
            Self::Drill => Some(Order::DrillTo {
                robot,
                depth_m: amounts.depth_m,
            }),
            Self::Free => Some(Order::Free { robot }),
            Self::Claim => Some(Order::FileClaim {
                robot,
                radius_m: amounts.claim_radius_m,
            }),
            Self::Anchor => Some(Order::Anchor { robot }),
            Self::Release => Some(Order::Release { robot }),
            Self::Dig => Some(Order::Dig {
                robot,
                until_kg: None,
            }),
            Self::Deliver => Some(Order::Deliver { robot, plant: None }),
            Self::Charge => Some(Order::Charge { robot }),
            Self::Survey => Some(Order::Survey { robot }),
            Self::Refuel => Some(Order::Refuel { robot }),
            Self::Stop => Some(Order::Stop { robot }),
        }
    }

    /// How the order finds its place, if it needs one.
    pub fn way(self) -> Option<Way> {
        match self {
            Self::Hop => Some(Way::Hop),
            Self::Fly => Some(Way::Fly),
            Self::Grip => Some(Way::Grip),
            _ => None,
        }
    }

    /// What giving the order means for the window.
    pub fn intent(self, robot: &str, amounts: &Amounts) -> Intent {
        match (self.order(robot, amounts), self.way()) {
            (Some(order), _) => Intent::Give(order),
            (None, Some(way)) => Intent::Aim(robot.to_owned(), way),
            (None, None) => Intent::Warn("There is no such order.".to_owned()),
        }
    }

    /// Why `robot` cannot do this now, told from what its owner knows; `None` if it may.
    pub fn hindrance(self, robot: &OwnRobot, context: &Context) -> Option<String> {
        let Context { plants, claims, .. } = *context;
        if robot.lost {
            return Some("This robot is lost: it flew beyond the reach of the site.".into());
        }
        let flying = matches!(
            robot.activity,
            Activity::Hopping | Activity::Braking | Activity::Adrift | Activity::Lost
        );
        // One that has touched down may still roll; the world takes orders from then on.
        let standing = robot.at_rest || robot.anchored || !flying;
        let holder = claims
            .iter()
            .find(|claim| robot.position_m.distance(claim.centre_m) < claim.radius_m)
            .filter(|claim| claim.owner != context.owner);
        if !self.suits(robot) {
            return Some("This robot has nothing to do that with.".to_owned());
        }
        let needs_power = matches!(
            self,
            Self::Hop
                | Self::Fly
                | Self::Jump
                | Self::Grip
                | Self::Drill
                | Self::Anchor
                | Self::Dig
                | Self::Survey
        );
        if needs_power && robot.battery_fraction < LOW_BATTERY {
            return Some(format!(
                "The battery is down to {}: charge it first.",
                format::percent(f64::from(robot.battery_fraction))
            ));
        }
        let reason = match self {
            Self::Hop if !robot.outfit.hops && robot.propellant_kg <= 0.0 => {
                "The propellant tank is empty.".to_owned()
            }
            Self::Fly if robot.propellant_kg <= 0.0 => "The propellant tank is empty.".to_owned(),
            Self::Jump | Self::Drill if !standing => {
                "Wait until the robot is back on the ground.".to_owned()
            }
            Self::Jump if robot.anchored => "Release the anchors first.".to_owned(),
            Self::Anchor if robot.anchored => "The anchors are already in the ground.".to_owned(),
            Self::Anchor if !standing => "Wait until the robot is back on the ground.".to_owned(),
            Self::Release if !robot.anchored => "The anchors are not in the ground.".to_owned(),
            Self::Dig if robot.activity == Activity::Digging => "Already digging.".to_owned(),
            Self::Dig if robot.bin_capacity_kg - robot.bin_kg < 0.001 => {
                "The bin is full: deliver it first.".to_owned()
            }
            Self::Dig if !standing => "Wait until the robot is back on the ground.".to_owned(),
            Self::Dig | Self::Claim if holder.is_some() => format!(
                "This ground is claimed by {}.",
                holder.map_or("another", |claim| claim.owner.as_str())
            ),
            Self::Deliver if plants.is_empty() => "You have no plant.".to_owned(),
            Self::Deliver if robot.bin_kg <= 0.0 => "The bin is empty.".to_owned(),
            Self::Charge if !standing => "Wait until the robot is back on the ground.".to_owned(),
            Self::Charge if robot.activity == Activity::Charging => "Already charging.".to_owned(),
            Self::Charge if robot.battery_fraction >= 0.999 => "The battery is full.".to_owned(),
            Self::Survey if !standing => "Wait until the robot is back on the ground.".to_owned(),
            Self::Claim if !standing => "Wait until the robot is back on the ground.".to_owned(),
            Self::Claim if !context.gives_claims => {
                "Under this charter nobody can hold ground.".to_owned()
            }
            Self::Claim if context.credits < context.claim_fee => format!(
                "The fee is {}: you have {}.",
                format::credits(context.claim_fee),
                format::credits(context.credits)
            ),
            Self::Refuel if robot.propellant_capacity_kg - robot.propellant_kg < 0.001 => {
                "The propellant tank is full.".to_owned()
            }
            Self::Refuel if plants.is_empty() => "You have no plant.".to_owned(),
            Self::Refuel if plants.iter().all(|plant| plant.water_kg <= 0.0) => {
                "Your plants have no water yet.".to_owned()
            }
            Self::Stop if robot.activity == Activity::Idle => "Nothing to stop.".to_owned(),
            _ => return None,
        };
        Some(reason)
    }
}

/// What a robot is doing, in one or two words.
pub fn activity_name(activity: Activity) -> &'static str {
    match activity {
        Activity::Idle => "Idle",
        Activity::Hopping => "In flight",
        Activity::Braking => "Braking",
        Activity::Settling => "Settling",
        Activity::Anchoring => "Anchoring",
        Activity::Digging => "Digging",
        Activity::Unloading => "Unloading",
        Activity::Charging => "Charging",
        Activity::Surveying => "Surveying",
        Activity::Refuelling => "Refuelling",
        Activity::Servicing => "At work on a machine",
        Activity::Adrift => "Adrift",
        Activity::Lost => "Lost",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sim::observation::Outfit;
    use crate::sim::prospecting::InstrumentSpec;

    /// A robot at rest with some of everything.
    pub(crate) fn robot() -> OwnRobot {
        OwnRobot {
            name: "digger".into(),
            kind: "hopping-digger".into(),
            position_m: Vec3::X * 250.0,
            speed_m_s: 0.0,
            activity: Activity::Idle,
            activity_text: "idle".into(),
            progress: None,
            battery_fraction: 0.5,
            solar_power_w: 100.0,
            bin_kg: 20.0,
            bin_capacity_kg: 60.0,
            propellant_kg: 2.0,
            propellant_capacity_kg: 5.0,
            anchored: false,
            anchor_hold_n: 0.0,
            at_rest: true,
            lost: false,
            wear: 0.1,
            temperature_k: 290.0,
            operating_k: (243.0, 333.0),
            panel_dust: 0.0,
            cell_loss: 0.0,
            seal_wear: 0.1,
            bit_wear: 0.0,
            dose_gy: 0.1,
            dose_limit_gy: 1000.0,
            faults: Vec::new(),
            carried_by: None,
            carries: None,
            mechanical_spares_kg: 0.0,
            electronic_spares_kg: 0.0,
            sheet: std::sync::Arc::new(
                crate::sim::level::modules::Catalogue::built_in()
                    .kind("hopping-digger")
                    .expect("the catalogue has this kind"),
            ),
            bit_stuck: false,
            wheel_fill: 0.0,
            upright: 1.0,
            instruments: vec![InstrumentSpec::reference(Instrument::ContactSpectrometer)],
            measuring: None,
            outfit: Outfit {
                hops: true,
                thrusters: true,
                anchor: true,
                drum: true,
                bin_capacity_kg: 60.0,
                tank_capacity_kg: 5.0,
                ..default()
            },
        }
    }

    pub(crate) fn plant() -> OwnPlant {
        OwnPlant {
            name: "still".into(),
            position_m: Vec3::new(250.0, 5.0, 0.0),
            feedstock_kg: 100.0,
            hopper_capacity_kg: 500.0,
            water_kg: 12.0,
            tailings_kg: 80.0,
            power_w: 900.0,
            running: true,
            modules: Vec::new(),
            mechanical_spares_kg: 0.0,
            electronic_spares_kg: 0.0,
            printing_kg: 0.0,
            prints: true,
            reach_m: 5.5,
            up: Vec3::Y,
            process: "bake".into(),
            processes: vec!["bake".into()],
            queue: Vec::new(),
            toll: None,
        }
    }

    pub(crate) fn context<'a>(plants: &'a [OwnPlant], claims: &'a [ClaimView]) -> Context<'a> {
        Context {
            owner: "player",
            plants,
            claims,
            credits: 1000.0,
            claim_fee: 100.0,
            gives_claims: true,
        }
    }

    fn open_to(robot: &OwnRobot, plants: &[OwnPlant]) -> Vec<Verb> {
        Verb::ALL
            .into_iter()
            .filter(|verb| verb.hindrance(robot, &context(plants, &[])).is_none())
            .collect()
    }

    #[test]
    fn a_robot_at_rest_beside_its_plant_can_do_nearly_everything() {
        use Verb::*;
        assert_eq!(
            open_to(&robot(), &[plant()]),
            [
                Hop, Fly, Jump, Survey, Claim, Anchor, Dig, Deliver, Refuel, Charge, Free
            ]
        );
        assert!(Dig.caution(&robot()).is_some());
    }

    #[test]
    fn a_robot_in_flight_can_be_sent_elsewhere_but_not_put_to_work() {
        let mut flying = robot();
        flying.at_rest = false;
        flying.activity = Activity::Hopping;
        flying.position_m.x += 100.0;
        let open = open_to(&flying, &[plant()]);
        use Verb::*;
        assert_eq!(open, [Hop, Fly, Deliver, Refuel, Free, Stop]);
    }

    #[test]
    fn a_lost_robot_takes_no_order_at_all() {
        let mut lost = robot();
        lost.lost = true;
        assert_eq!(open_to(&lost, &[plant()]), []);
    }

    #[test]
    fn full_empty_and_dry_are_said_by_name() {
        let mut robot = robot();
        robot.bin_kg = 60.0;
        robot.battery_fraction = 1.0;
        let mut dry = plant();
        dry.water_kg = 0.0;
        let plants = [dry];
        let why = |verb: Verb| verb.hindrance(&robot, &context(&plants, &[])).unwrap();
        assert_eq!(why(Verb::Dig), "The bin is full: deliver it first.");
        assert_eq!(why(Verb::Charge), "The battery is full.");
        assert_eq!(why(Verb::Refuel), "Your plants have no water yet.");
        assert_eq!(why(Verb::Release), "The anchors are not in the ground.");
    }

    #[test]
    fn a_claim_needs_its_fee() {
        let poor = Context {
            credits: 99.0,
            ..context(&[], &[])
        };
        let why = Verb::Claim.hindrance(&robot(), &poor).unwrap();
        assert_eq!(why, "The fee is 100 cr: you have 99 cr.");
    }

    #[test]
    fn ground_held_by_another_is_named_and_ground_held_by_oneself_is_open() {
        let mut claims = [ClaimView {
            id: 1,
            owner: "hydra".into(),
            centre_m: Vec3::X * 245.0,
            radius_m: 10.0,
            filed_at_ms: 0,
            corners_m: Vec::new(),
            expires_at_ms: None,
            let_to: None,
        }];
        let why = |claims: &[ClaimView]| Verb::Dig.hindrance(&robot(), &context(&[], claims));
        assert_eq!(why(&claims).unwrap(), "This ground is claimed by hydra.");
        claims[0].owner = "player".into();
        assert_eq!(why(&claims), None);
    }

    #[test]
    fn keys_and_labels_are_unique() {
        for (i, a) in Verb::ALL.iter().enumerate() {
            for b in &Verb::ALL[i + 1..] {
                assert_ne!(a.key(), b.key());
                assert_ne!(a.label(), b.label());
            }
        }
    }
}
