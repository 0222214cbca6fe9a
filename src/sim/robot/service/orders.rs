//! Orders of work on machines, checked before a job begins.

use super::super::Robot;
use super::super::autopilot::LOW_BATTERY;
use super::super::command::own_robot;
use super::repair::{due_change, next_change};
use super::spares::{SPARES_MAX_KG, spares_cost_ucr};
use super::{CABLE_M, Job, Service, gap_m};
use crate::sim::desk::Desk;
use crate::sim::order::{Order, Refusal};
use crate::sim::plant::grams;
use crate::sim::prospector::ProspectorId;

/// What work on a machine would take, told before it is ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServiceEstimate {
    /// Of the first part, where several are to be changed.
    pub time_s: f64,
    /// To be paid for what the plant has not in stock [credits].
    pub cost_credits: f64,
}

impl Desk<'_, '_> {
    /// Begins work on a machine.
    pub(in crate::sim) fn serve(
        &mut self,
        sender: ProspectorId,
        order: &Order,
    ) -> Result<(), Refusal> {
        let name = self.actor(order);
        let job = self.job(sender, name, order)?;
        let Some(job) = job else { return Ok(()) };
        let (.., mut pilot, _, mut probe, _, _, _, mut service) =
            own_robot(&mut self.robots, sender, name)?;
        pilot.set([]);
        probe.leave_ground();
        service.begin(job);
        Ok(())
    }

    /// What work on a machine would take if it were ordered now, for the one who may order it.
    /// Nothing begins.
    pub fn estimate_service(
        &mut self,
        by: &str,
        order: &Order,
    ) -> Result<ServiceEstimate, Refusal> {
        let sender = self
            .prospectors
            .find(by)
            .ok_or_else(|| Refusal::because(format!("there is no prospector \"{by}\"")))?;
        if !order.is_service() || matches!(order, Order::PrintSpares { .. }) {
            return Err(Refusal::because("that is no work on a robot"));
        }
        let name = self.actor(order);
        let job = self.job(sender, name, order)?;
        let (robot, .., gear, health, tool, _) = own_robot(&mut self.robots, sender, name)?;
        let plant = |wanted: &String| self.plants.iter().find(|plant| plant.name == *wanted);
        let parts_g = match &job {
            Some(Job::Stock {
                plant: at,
                mechanical_g,
                electronic_g,
            }) => plant(at).map(|plant| (plant, *mechanical_g, *electronic_g)),
            Some(Job::Overhaul { plant: at }) => {
                let (mechanical_g, electronic_g) =
                    due_change((robot, health, tool, gear))?.needs_g();
                plant(at).map(|plant| (plant, mechanical_g, electronic_g))
            }
            _ => None,
        };
        let cost_ucr = match parts_g {
            Some((plant, mechanical_g, electronic_g)) => {
                spares_cost_ucr(&self.catalogue, plant, mechanical_g, electronic_g)?
            }
            None => 0,
        };
        let time_s = match job {
            Some(Job::GivePower { left_j, .. }) => Some(left_j / robot.kind.charger_w),
            job => Service { job, spent_s: 0.0 }.time_s(&robot.kind),
        };
        Ok(ServiceEstimate {
            time_s: time_s.unwrap_or(0.0),
            cost_credits: 1e-6 * cost_ucr as f64,
        })
    }

    /// The robot whose time a job takes: the one that acts, or that a plant works on.
    fn actor<'a>(&self, order: &'a Order) -> &'a str {
        match order {
            Order::Repair { robot, by } if self.plants.iter().any(|plant| plant.name == *by) => {
                robot
            }
            _ => order.robot().unwrap_or_default(),
        }
    }

    /// The job of an order, checked; `None` for what a plant does by itself.
    fn job(
        &mut self,
        sender: ProspectorId,
        name: &str,
        order: &Order,
    ) -> Result<Option<Job>, Refusal> {
        if let Order::PrintSpares { plant, mass_kg } = order {
            self.print(sender, plant, *mass_kg)?;
            return Ok(None);
        }
        let by_plant = match order {
            Order::Refit { .. } => true,
            Order::Repair { robot, by } => name == robot && name != by,
            _ => false,
        };
        {
            let (robot, motion, _, _, battery, _, _, _, _, _, health, ..) =
                own_robot(&mut self.robots, sender, name)?;
            // A plant works on whatever lies in its reach; a robot must be able to.
            if !by_plant {
                health.may_act(name, false)?;
                if battery.fraction() < LOW_BATTERY {
                    return Err(Refusal::because(format!(
                        "the battery of {name} is down to {:.0} %",
                        100.0 * battery.fraction()
                    )));
                }
            }
            if !(motion.at_rest || motion.touching) {
                return Err(Refusal::because(format!(
                    "{name} must stand on the ground for that"
                )));
            }
            if robot.stripped {
                return Err(Refusal::because(format!("{name} has been taken apart")));
            }
        }
        let robots = self.robots.as_readonly();
        let find = |wanted: &str| {
            robots
                .iter()
                .find(|(robot, ..)| robot.name == wanted)
                .ok_or_else(|| Refusal::because(format!("there is no robot \"{wanted}\"")))
        };
        let (robot, motion, ..) = find(name)?;
        // Another robot of one's own within a reach.
        let near = |wanted: &str, reach_m: f64| {
            let other = find(wanted)?;
            if wanted == name {
                return Err(Refusal::because(format!("{name} cannot do that to itself")));
            }
            if other.0.owner != sender {
                return Err(Refusal::because(format!("{wanted} is not yours")));
            }
            if other.0.lost {
                return Err(Refusal::because(format!("{wanted} is lost to space")));
            }
            if let Some(carrier) = &other.0.carried_by {
                return Err(Refusal::because(format!(
                    "{wanted} is being carried by {carrier}"
                )));
            }
            let gap_m = gap_m((robot, motion), (other.0, other.1));
            if reach_m < gap_m {
                return Err(Refusal::because(format!(
                    "{wanted} is {gap_m:.1} m away from {name}, which reaches {reach_m} m"
                )));
            }
            Ok(other)
        };
        let docked = || {
            self.plants
                .iter()
                .find(|plant| {
                    plant.owner == sender && plant.reaches(self.terrain.model(), motion.position_m)
                })
                .ok_or_else(|| {
                    Refusal::because(format!(
                        "{name} must stand within reach of a plant of yours"
                    ))
                })
        };
        let arm = || {
            robot
                .kind
                .repair
                .ok_or_else(|| Refusal::because(format!("{name} has no arm to work with")))
        };
        Ok(Some(match order {
            Order::Refit { remove, add, .. } => {
                let plant = docked()?;
                let plan = self.check_refit(name, plant, remove, add)?;
                self.check_credit(sender, plan.cost_ucr())?;
                Job::Refit {
                    plant: plant.name.clone(),
                    remove: remove.clone(),
                    add: add.clone(),
                }
            }
            Order::TakeSpares {
                mechanical_kg,
                electronic_kg,
                ..
            } => {
                let plant = docked()?;
                for (field, value) in [
                    ("mechanical_kg", *mechanical_kg),
                    ("electronic_kg", *electronic_kg),
                ] {
                    if !(0.0..=SPARES_MAX_KG).contains(&value) {
                        return Err(Refusal::because(format!(
                            "{field} = {value} must be from 0 to {SPARES_MAX_KG:e} kg"
                        )));
                    }
                }
                let (mechanical_g, electronic_g) = (grams(*mechanical_kg), grams(*electronic_kg));
                let room_g = grams(robot.kind.spares_capacity_kg) - robot.spares.total_g();
                let wanted_g = mechanical_g + electronic_g;
                if wanted_g <= 0 || room_g < wanted_g {
                    return Err(Refusal::because(format!(
                        "{:.3} kg of spare parts must be above 0 and fit into the {:.1} kg that the lockers of {name} have left",
                        1e-3 * wanted_g as f64,
                        1e-3 * room_g as f64
                    )));
                }
                let cost_ucr = spares_cost_ucr(&self.catalogue, plant, mechanical_g, electronic_g)?;
                self.check_credit(sender, cost_ucr)?;
                Job::Stock {
                    plant: plant.name.clone(),
                    mechanical_g,
                    electronic_g,
                }
            }
            Order::Clean { .. } => {
                if 1.0 <= robot.kind.brush_leaves {
                    return Err(Refusal::because(format!("{name} has no brush")));
                }
                Job::Clean
            }
            Order::Repair { by, .. } if by_plant => {
                let plant = docked()?;
                if plant.name != *by {
                    return Err(Refusal::because(format!("{name} is out of reach of {by}")));
                }
                let (_, _, _, _, _, _, _, _, _, gear, health, tool, _) = find(name)?;
                let change = due_change((robot, health, tool, gear))?;
                let (mechanical_g, electronic_g) = change.needs_g();
                let cost_ucr = spares_cost_ucr(&self.catalogue, plant, mechanical_g, electronic_g)?;
                self.check_credit(sender, cost_ucr)?;
                Job::Overhaul {
                    plant: plant.name.clone(),
                }
            }
            Order::Repair { robot: patient, .. } => {
                let other = near(patient, arm()?.reach_m)?;
                if other.0.stripped {
                    return Err(Refusal::because(format!("{patient} has been taken apart")));
                }
                next_change((other.0, other.10, other.11, other.9), &robot.spares)?;
                Job::Repair {
                    patient: patient.clone(),
                }
            }
            Order::Carry { load, .. } => {
                let arm = arm()?;
                let other = near(load, arm.reach_m)?;
                check_carry(
                    robot,
                    other.0,
                    other.0.mass_kg(other.2, other.3),
                    arm.carry_max_kg,
                )?;
                Job::Carry { load: load.clone() }
            }
            Order::PutDown { .. } => match &robot.carries {
                Some(load) => Job::PutDown { load: load.clone() },
                None => return Err(Refusal::because(format!("{name} carries nothing"))),
            },
            Order::Cannibalise { wreck, .. } => {
                let other = near(wreck, arm()?.reach_m)?;
                if other.0.stripped {
                    return Err(Refusal::because(format!("{wreck} has been taken apart")));
                }
                if let Some(load) = &other.0.carries {
                    return Err(Refusal::because(format!(
                        "{wreck} carries {load} and must put it down first"
                    )));
                }
                if grams(robot.kind.spares_capacity_kg) <= robot.spares.total_g() {
                    return Err(Refusal::because(format!(
                        "the lockers of {name} have no room for parts"
                    )));
                }
                Job::Cannibalise {
                    wreck: wreck.clone(),
                }
            }
            Order::GivePower { to, energy_wh, .. } => {
                if robot.kind.charger_w == 0.0 {
                    return Err(Refusal::because(format!("{name} has no charging cable")));
                }
                let other = near(to, CABLE_M)?;
                let capacity_wh = other.4.capacity_j / 3600.0;
                if !(0.0 < *energy_wh && *energy_wh <= capacity_wh) {
                    return Err(Refusal::because(format!(
                        "energy_wh = {energy_wh} must be above 0 and at most the {capacity_wh:.0} Wh that {to} holds"
                    )));
                }
                Job::GivePower {
                    to: to.clone(),
                    left_j: 3600.0 * energy_wh,
                }
            }
            _ => unreachable!("not work on a machine"),
        }))
    }

    fn check_credit(&self, sender: ProspectorId, cost_ucr: i64) -> Result<(), Refusal> {
        let balance_ucr = self.ledger.balance(self.prospectors.get(sender).account);
        if balance_ucr < cost_ucr {
            return Err(Refusal::because(format!(
                "that costs {:.0} credits, and there are {:.0}",
                1e-6 * cost_ucr as f64,
                1e-6 * balance_ucr as f64
            )));
        }
        Ok(())
    }
}

/// Whether a robot can take another on its back.
pub(super) fn check_carry(
    robot: &Robot,
    load: &Robot,
    mass_kg: f64,
    carry_max_kg: f64,
) -> Result<(), Refusal> {
    let (name, load_name) = (&robot.name, &load.name);
    if let Some(other) = &robot.carries {
        return Err(Refusal::because(format!("{name} carries {other} already")));
    }
    if let Some(other) = &load.carried_by {
        return Err(Refusal::because(format!(
            "{load_name} is being carried by {other}"
        )));
    }
    if load.carries.is_some() {
        return Err(Refusal::because(format!(
            "{load_name} carries something itself"
        )));
    }
    if carry_max_kg < mass_kg {
        return Err(Refusal::because(format!(
            "{load_name} weighs {mass_kg:.1} kg, and the arm of {name} holds {carry_max_kg} kg"
        )));
    }
    Ok(())
}
