//! Refit: modules are bolted on and off at a plant.

use super::super::command::own_robot;
use super::super::{Anchor, Bin, Gear, Health, Robot, Tank, Tool};
use super::WORN;
use crate::sim::desk::Desk;
use crate::sim::level::RobotKind;
use crate::sim::level::kind::Fitted;
use crate::sim::level::modules::{Catalogue, KindSpec, Part};
use crate::sim::order::{Order, Refusal};
use crate::sim::plant::{Plant, grams};

/// Time to bolt one module on or off [s] (assumed).
const REFIT_S: f64 = 900.0;

pub(super) fn refit_time_s(remove: &[String], add: &[String]) -> f64 {
    REFIT_S * (remove.len() + add.len()) as f64
}

/// What a refit would make of a robot, told before it is ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct RefitEstimate {
    /// The new performance sheet.
    pub sheet: RobotKind,
    /// To be paid for what the plant has not in stock [credits].
    pub cost_credits: f64,
    pub time_s: f64,
    /// Taken from the plant's stock, and bought, by name.
    pub from_stock: Vec<String>,
    pub bought: Vec<String>,
    /// Taken off and laid in stock, or worn and thrown away, by name.
    pub to_stock: Vec<String>,
    pub to_scrap: Vec<String>,
}

/// A refit that has been checked.
pub(super) struct RefitPlan {
    pub(super) kind: RobotKind,
    pub(super) from_stock: Vec<Fitted>,
    pub(super) bought: Vec<Fitted>,
    pub(super) to_stock: Vec<Fitted>,
    pub(super) to_scrap: Vec<Fitted>,
}

impl RefitPlan {
    pub(super) fn cost_ucr(&self) -> i64 {
        self.bought.iter().map(|part| part.price_ucr).sum()
    }
}

/// What of a robot a refit has to know.
pub(super) struct Loaded<'a> {
    pub(super) robot: &'a Robot,
    pub(super) bin: &'a Bin,
    pub(super) tank: &'a Tank,
    pub(super) tool: &'a Tool,
    pub(super) gear: &'a Gear,
    pub(super) health: &'a Health,
}

pub(super) fn plan_refit(
    catalogue: &Catalogue,
    loaded: Loaded,
    plant: &Plant,
    remove: &[String],
    add: &[String],
) -> Result<RefitPlan, Refusal> {
    let Loaded {
        robot,
        bin,
        tank,
        tool,
        gear,
        health,
    } = loaded;
    let name = &robot.name;
    if remove.is_empty() && add.is_empty() {
        return Err(Refusal::because("nothing is to be added or removed"));
    }
    if robot.stripped {
        return Err(Refusal::because(format!("{name} has been taken apart")));
    }
    let old = &robot.kind.build;
    let mut modules = old.module_names();
    let (mut to_stock, mut to_scrap) = (Vec::new(), Vec::new());
    let mut fitted: Vec<Fitted> = old.modules.clone();
    for module in remove {
        let Some(at) = modules.iter().position(|there| there == module) else {
            return Err(Refusal::because(format!(
                "{name} has no module \"{module}\" to remove"
            )));
        };
        modules.remove(at);
        let part = fitted.remove(at);
        let wear = match catalogue.modules.get(module).map(|spec| &spec.part) {
            Some(Part::Drum(_)) => tool.wear().max(health.seal_wear()),
            Some(Part::Drill(_)) => gear.drill.wear.max(health.seal_wear()),
            _ => 0.0,
        };
        if wear < WORN {
            to_stock.push(part);
        } else {
            to_scrap.push(part);
        }
    }
    modules.extend(add.iter().cloned());
    let spec = KindSpec {
        after: Vec::new(),
        summary: String::new(),
        chassis: old.chassis.name.clone(),
        modules,
        material: robot.kind.material,
        propellant_kg: 0.0,
        spares_kg: (0.0, 0.0),
    };
    let kind = catalogue.resolve(&spec).map_err(|misfits| {
        let first = misfits.into_iter().next();
        Refusal::because(first.map_or_else(String::new, |misfit| misfit.message))
    })?;
    for (what, load_g, capacity_kg) in [
        ("bin", bin.load.mass_g, kind.bin_capacity_kg),
        ("tank", tank.propellant_g, kind.tank_capacity_kg),
        ("locker", robot.spares.total_g(), kind.spares_capacity_kg),
    ] {
        if grams(capacity_kg) < load_g {
            return Err(Refusal::because(format!(
                "the {what} of {name} holds {:.1} kg, and only {capacity_kg} kg would fit",
                1e-3 * load_g as f64
            )));
        }
    }
    let mut stock = plant.stock.clone();
    let (mut from_stock, mut bought) = (Vec::new(), Vec::new());
    for module in add {
        let part = catalogue
            .fitted(module, robot.kind.material)
            .expect("the kind has been resolved with it");
        match stock.iter().position(|there| *there == part) {
            Some(at) => from_stock.push(stock.remove(at)),
            None => bought.push(part),
        }
    }
    Ok(RefitPlan {
        kind,
        from_stock,
        bought,
        to_stock,
        to_scrap,
    })
}

fn names(parts: &[Fitted]) -> Vec<String> {
    parts.iter().map(|part| part.name.clone()).collect()
}

impl Desk<'_, '_> {
    pub(super) fn check_refit(
        &self,
        name: &str,
        plant: &Plant,
        remove: &[String],
        add: &[String],
    ) -> Result<RefitPlan, Refusal> {
        let (robot, _, bin, tank, _, anchor, _, _, _, gear, health, tool, _) = self
            .robots
            .iter()
            .find(|(robot, ..)| robot.name == name)
            .ok_or_else(|| Refusal::because(format!("there is no robot \"{name}\"")))?;
        if *anchor != Anchor::Out {
            return Err(Refusal::because(format!(
                "{name} must release its anchors first"
            )));
        }
        let loaded = Loaded {
            robot,
            bin,
            tank,
            tool,
            gear,
            health,
        };
        plan_refit(&self.catalogue, loaded, plant, remove, add)
    }

    /// What a refit would make of a robot, for the one who may order it.
    pub fn estimate_refit(&mut self, by: &str, order: &Order) -> Result<RefitEstimate, Refusal> {
        let sender = self
            .prospectors
            .find(by)
            .ok_or_else(|| Refusal::because(format!("there is no prospector \"{by}\"")))?;
        let Order::Refit { robot, remove, add } = order else {
            return Err(Refusal::because("only a refit has a new performance sheet"));
        };
        let (_, motion, ..) = own_robot(&mut self.robots, sender, robot)?;
        let at_m = motion.position_m;
        // A plant far away can be asked as well: the robot need not be there yet.
        let plant = self
            .plants
            .iter()
            .filter(|plant| plant.owner == sender)
            .min_by(|a, b| {
                let distance = |plant: &Plant| plant.position_m.distance(at_m);
                distance(a).total_cmp(&distance(b))
            })
            .ok_or_else(|| Refusal::because("you own no plant"))?;
        let plan = self.check_refit(robot, plant, remove, add)?;
        Ok(RefitEstimate {
            cost_credits: 1e-6 * plan.cost_ucr() as f64,
            time_s: refit_time_s(remove, add),
            from_stock: names(&plan.from_stock),
            bought: names(&plan.bought),
            to_stock: names(&plan.to_stock),
            to_scrap: names(&plan.to_scrap),
            sheet: plan.kind,
        })
    }
}
