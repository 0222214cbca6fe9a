//! What a level may hold: ranges, names that must exist, machines that must not collide.

use std::collections::BTreeMap;

use super::{
    Brain, Goal, LEVEL_FORMAT, Level, LevelError, LevelErrors, PlantKind, Site,
    field_lines::FieldLines,
    lesson::{Deed, order_names},
    modules::Catalogue,
};
use crate::sim::{
    asteroid::{Anchor, BodyChoice, direction_of, mesh_file},
    economy::{ledger::Good, stores::Place, tables},
    law::{charter::CLAIM_RADIUS_MAX_M, claims::AUTHORITY},
};

/// The largest account that a level may open [credits]; in micro-credits it fits 63 bits with room.
const CREDITS_MAX: f64 = 1e12;
/// The largest price of a kilogram or of a day [credits].
const PRICE_MAX: f64 = 1e9;
/// On larger bodies all sites lie near each other [m],
const SITE_FROM_RADIUS_M: f64 = 1e3;
/// this near [m].
const SITE_REACH_M: f64 = 15e3;
/// The largest stock or machine [kg].
const MASS_MAX_KG: f64 = 1e7;

impl Level {
    pub(super) fn check(&self, file: &str, lines: &FieldLines) -> Result<(), LevelErrors> {
        let mut check = Check::of(file, "level", lines);
        let catalogue = Catalogue::of(self);
        check.duplicates();
        self.check_frame(&mut check);
        self.check_kinds(&catalogue, &mut check);
        self.check_owners(&catalogue, &mut check);
        self.check_sites(&catalogue, &mut check);
        self.check_economy(&mut check);
        check.into_result()
    }

    fn check_frame(&self, check: &mut Check) {
        if self.format != LEVEL_FORMAT {
            check.error(
                "format",
                format!(
                    "format = {} must be {LEVEL_FORMAT}, the format that this program reads",
                    self.format
                ),
            );
        }
        check.name("name", &self.name);
        check.text("title", &self.title);
        check.text("summary", &self.summary);
        for (i, step) in self.lesson.iter().enumerate() {
            check.text(&format!("lesson[{i}]"), &step.text);
            if let Some(deed) = &step.until {
                self.check_deed(&format!("lesson[{i}].until"), deed, check);
            }
        }
        check.body(&self.body, self.anchor());

        check.range("tick_s", self.tick_s, 0.001, 0.25);
        if self.tick_s.is_finite() && 1e-9 < (self.tick_s * 1e3 - (self.tick_s * 1e3).round()).abs()
        {
            check.error(
                "tick_s",
                format!(
                    "tick_s = {} must be a whole number of milliseconds",
                    self.tick_s
                ),
            );
        }
        check.range("long_tick_s", self.long_tick_s, self.tick_s, 3600.0);
        check.range("idle_tick_s", self.idle_tick_s, self.long_tick_s, 86400.0);
        // From 1800 to 2200: the elements of the bodies mean nothing beyond.
        check.range("start.jd_tdb", self.start.jd_tdb, 2_378_497.0, 2_524_594.0);
        check.range("start.time_of_day_h", self.start.time_of_day_h, 0.0, 24.0);
        check.range("ageing", self.ageing, 0.0, 1e6);
        for (name, place) in &self.sites {
            check.name(&format!("sites[{name:?}]"), name);
            check.coordinates(
                &format!("sites[{name:?}]"),
                place.latitude_deg,
                place.longitude_deg,
            );
        }
    }

    fn check_deed(&self, at: &str, deed: &Deed, check: &mut Check) {
        if let Some(robot) = deed.robot() {
            let robots: Vec<&str> = self.robots.iter().map(|r| r.name.as_str()).collect();
            check.one_of(&format!("{at}.robot"), robot, "a robot", &robots);
        }
        match deed {
            Deed::Ordered { order, .. } => {
                let names = order_names();
                if !names.contains(&order.as_str()) {
                    let like = nearest(order, names, 3);
                    check.error(
                        &format!("{at}.order"),
                        format!("order = {order:?} must be the name of an order, such as {like}"),
                    );
                }
            }
            Deed::Loaded { mass_kg, .. }
            | Deed::Delivered { mass_kg }
            | Deed::Baked { mass_kg }
            | Deed::Sold { mass_kg } => {
                check.range(&format!("{at}.mass_kg"), *mass_kg, 0.001, MASS_MAX_KG);
            }
            Deed::Read { readings } => {
                check.count(&format!("{at}.readings"), *readings, 1, 1_000_000);
            }
            Deed::Foretold {
                apex_min_m,
                tolerance,
            } => {
                check.range(&format!("{at}.apex_min_m"), *apex_min_m, 0.0, 1e6);
                check.range(&format!("{at}.tolerance"), *tolerance, 0.001, 1.0);
            }
            Deed::Cored {
                depth_m,
                slip_max_m,
            } => {
                check.range(&format!("{at}.depth_m"), *depth_m, 0.01, 1e3);
                check.range(&format!("{at}.slip_max_m"), *slip_max_m, 0.0, 1e3);
            }
            Deed::Anchored { .. } | Deed::Claimed | Deed::ThrownOff => {}
        }
    }

    fn check_kinds(&self, catalogue: &Catalogue, check: &mut Check) {
        self.own_catalogue().check(check);
        catalogue.check_kinds(check, "robot_kinds", &self.robot_kinds);
        catalogue.check_processes(check, &self.processes);
        let processes: Vec<&str> = catalogue.processes.keys().map(String::as_str).collect();
        for (name, kind) in &self.plant_kinds {
            let at = format!("plant_kinds[{name:?}]");
            check.name(&at, name);
            check.plant_kind(&at, kind);
            for (i, process) in kind.processes.iter().enumerate() {
                check.one_of(
                    &format!("{at}.processes[{i}]"),
                    process,
                    "a process",
                    &processes,
                );
            }
        }
    }

    fn check_owners(&self, catalogue: &Catalogue, check: &mut Check) {
        let prospectors: Vec<&str> = self.prospectors.iter().map(|p| p.name.as_str()).collect();
        let robot_kinds: Vec<&str> = catalogue.kinds.keys().map(String::as_str).collect();
        let plant_kinds: Vec<&str> = self.plant_kinds.keys().map(String::as_str).collect();
        if prospectors.is_empty() {
            check.error(
                "prospectors",
                "prospectors is empty, but a level must have at least one".to_owned(),
            );
        }
        // Machines and prospectors share one space of names, so that a report or an order that
        // names one can mean only it.
        let mut taken = BTreeMap::new();
        for (i, prospector) in self.prospectors.iter().enumerate() {
            let at = format!("prospectors[{i}]");
            check.unique_name(&at, &prospector.name, &mut taken);
            if prospector.name == AUTHORITY {
                check.error(
                    &format!("{at}.name"),
                    format!("name = {AUTHORITY:?} must be another, since the registry holds ground under it"),
                );
            }
            check.range(
                &format!("{at}.credits"),
                prospector.credits,
                0.0,
                CREDITS_MAX,
            );
            if let Brain::Scripted {
                temperament: _,
                survey_spots,
                search_radius_m,
                claim_radius_m,
                sale_lot_kg,
                sale_price_min_credits_per_kg,
                affairs,
            } = &prospector.brain
            {
                let at = format!("{at}.brain");
                check.count(&format!("{at}.survey_spots"), *survey_spots, 0, 100);
                check.range(&format!("{at}.search_radius_m"), *search_radius_m, 1.0, 1e3);
                check.range(
                    &format!("{at}.claim_radius_m"),
                    *claim_radius_m,
                    0.1,
                    self.charter
                        .resolve()
                        .map_or(CLAIM_RADIUS_MAX_M, |charter| charter.claim_radius_max_m()),
                );
                check.range(
                    &format!("{at}.sale_lot_kg"),
                    *sale_lot_kg,
                    0.001,
                    MASS_MAX_KG,
                );
                check.range(
                    &format!("{at}.sale_price_min_credits_per_kg"),
                    *sale_price_min_credits_per_kg,
                    0.0,
                    PRICE_MAX,
                );
                if let Some(affairs) = affairs {
                    affairs.check(check, &format!("{at}.affairs"));
                }
            }
        }
        for (i, robot) in self.robots.iter().enumerate() {
            let at = format!("robots[{i}]");
            check.unique_name(&at, &robot.name, &mut taken);
            check.one_of(
                &format!("{at}.owner"),
                &robot.owner,
                "a prospector",
                &prospectors,
            );
            check.one_of(
                &format!("{at}.kind"),
                &robot.kind,
                "a robot kind",
                &robot_kinds,
            );
        }
        for (i, plant) in self.plants.iter().enumerate() {
            let at = format!("plants[{i}]");
            check.unique_name(&at, &plant.name, &mut taken);
            check.one_of(
                &format!("{at}.owner"),
                &plant.owner,
                "a prospector",
                &prospectors,
            );
            check.one_of(
                &format!("{at}.kind"),
                &plant.kind,
                "a plant kind",
                &plant_kinds,
            );
        }
        for (i, prospector) in self.prospectors.iter().enumerate() {
            let digs = self
                .robots
                .iter()
                .any(|robot| robot.owner == prospector.name);
            let bakes = self
                .plants
                .iter()
                .any(|plant| plant.owner == prospector.name);
            // A script lives by delivering; a player may have other goals.
            let delivers = prospector.brain != Brain::Human
                || self.goals.iter().any(|goal| {
                    matches!(goal, Goal::Sold { .. } | Goal::Credits { .. })
                        && goal.prospector() == prospector.name
                });
            if digs && delivers && !bakes {
                check.error(
                    &format!("prospectors[{i}].name"),
                    format!(
                        "name = {:?} owns robots but no plant to deliver to, and must own one",
                        prospector.name
                    ),
                );
            }
        }
        for (i, goal) in self.goals.iter().enumerate() {
            let at = format!("goals[{i}]");
            let prospector = match goal {
                Goal::Sold {
                    prospector,
                    good: _,
                    mass_kg,
                } => {
                    check.range(&format!("{at}.mass_kg"), *mass_kg, 0.001, MASS_MAX_KG);
                    prospector
                }
                Goal::Credits {
                    prospector,
                    credits,
                } => {
                    check.range(&format!("{at}.credits"), *credits, 0.0, CREDITS_MAX);
                    prospector
                }
                Goal::Foretold {
                    prospector,
                    apex_min_m,
                    tolerance,
                } => {
                    check.range(&format!("{at}.apex_min_m"), *apex_min_m, 0.0, 1e6);
                    check.range(&format!("{at}.tolerance"), *tolerance, 0.001, 1.0);
                    prospector
                }
                Goal::Cored {
                    prospector,
                    depth_m,
                    slip_max_m,
                } => {
                    check.range(&format!("{at}.depth_m"), *depth_m, 0.01, 1e3);
                    check.range(&format!("{at}.slip_max_m"), *slip_max_m, 0.0, 1e3);
                    prospector
                }
                Goal::ThrownOff { prospector } | Goal::NoneLost { prospector } => prospector,
            };
            check.one_of(
                &format!("{at}.prospector"),
                prospector,
                "a prospector",
                &prospectors,
            );
        }
    }

    /// Sites are usable, and no two machines stand inside each other.
    fn check_sites(&self, catalogue: &Catalogue, check: &mut Check) {
        let size_m = |(x, y, z): (f64, f64, f64)| x.max(y).max(z);
        let machines = self
            .robots
            .iter()
            .enumerate()
            .map(|(i, robot)| {
                let chassis = catalogue
                    .kinds
                    .get(&robot.kind)
                    .and_then(|kind| catalogue.chassis.get(&kind.chassis));
                let size_m = chassis.map(|chassis| size_m(chassis.size_m));
                (
                    format!("robots[{i}].site"),
                    &robot.name,
                    &robot.site,
                    size_m,
                )
            })
            .chain(self.plants.iter().enumerate().map(|(i, plant)| {
                let kind = self.plant_kinds.get(&plant.kind);
                let size_m = kind.map(|kind| size_m(kind.size_m));
                (
                    format!("plants[{i}].site"),
                    &plant.name,
                    &plant.site,
                    size_m,
                )
            }));
        let radius_m = self.body.about_radius_m();
        let anchor = self.anchor();
        let anchor = direction_of(anchor.latitude_rad, anchor.longitude_rad);
        let places: Vec<&str> = self.sites.keys().map(String::as_str).collect();
        let mut standing: Vec<(&str, [f64; 3], f64)> = Vec::new();
        for (at, name, site, size_m) in machines {
            let usable = match site {
                Site::At {
                    latitude_deg,
                    longitude_deg,
                } => check.coordinates(&at, *latitude_deg, *longitude_deg),
                Site::Offset {
                    of,
                    east_m,
                    north_m,
                } => {
                    let known = check.one_of(&format!("{at}.of"), of, "a site", &places);
                    let east = check.range(&format!("{at}.east_m"), *east_m, -1e3, 1e3);
                    let north = check.range(&format!("{at}.north_m"), *north_m, -1e3, 1e3);
                    known && east && north
                }
            };
            let (true, Some(radius_m), Some(size_m)) = (usable, radius_m, size_m) else {
                continue;
            };
            let Some((latitude, longitude)) = self.latitude_longitude_rad(site, radius_m) else {
                continue;
            };
            let place_m = [
                radius_m * latitude.cos() * longitude.cos(),
                radius_m * latitude.cos() * longitude.sin(),
                radius_m * latitude.sin(),
            ];
            let apart_m = radius_m * anchor.distance(direction_of(latitude, longitude));
            if SITE_FROM_RADIUS_M < radius_m && SITE_REACH_M < apart_m {
                check.error(
                    &at,
                    format!(
                        "site lies {:.0} km from where the level is worked and must lie within {} \
                         km, since positions on a large body are counted from there",
                        1e-3 * apart_m,
                        1e-3 * SITE_REACH_M
                    ),
                );
            }
            let neighbour = standing.iter().find(|(_, other_m, other_size_m)| {
                let squares = (0..3).map(|k| (place_m[k] - other_m[k]).powi(2));
                squares.sum::<f64>().sqrt() < (size_m + other_size_m) / 2.0
            });
            if let Some((other, ..)) = neighbour {
                check.error(
                    &at,
                    format!("site puts {name:?} where {other:?} stands; sites must lie apart"),
                );
            }
            standing.push((name, place_m, size_m));
        }
    }

    fn check_economy(&self, check: &mut Check) {
        let market = &self.market;
        check.market_node("market.node", &market.node);
        if market.good != Good::Water {
            check.error(
                "market.good",
                format!(
                    "good = {:?} must be Water, the one product so far",
                    market.good
                ),
            );
        }
        check.range(
            "market.ceiling_credits_per_kg",
            market.ceiling_credits_per_kg,
            0.01,
            PRICE_MAX,
        );
        check.range(
            "market.base_price_credits_per_kg",
            market.base_price_credits_per_kg,
            0.01,
            market.ceiling_credits_per_kg,
        );
        check.range(
            "market.demand_kg_per_year",
            market.demand_kg_per_year,
            0.001,
            1e12,
        );
        check.range("market.elasticity", market.elasticity, -20.0, -0.05);
        check.range("market.memory_days", market.memory_days, 0.01, 1e6);
        for (i, node) in self.markets.tables.iter().enumerate() {
            check.trading_node(&format!("markets.tables[{i}]"), node);
        }
        for (i, terms) in self.markets.own.iter().enumerate() {
            let at = format!("markets.own[{i}]");
            check.trading_node(&format!("{at}.node"), &terms.node);
            if !terms.good.is_tradable() {
                check.error(
                    &format!("{at}.good"),
                    format!("good = {:?} must be a good that can be sold", terms.good),
                );
            }
            if let Err((field, value, expected)) = terms.check() {
                check.error(
                    &format!("{at}.{field}"),
                    format!("{} = {value} must be {expected}", last(field)),
                );
            }
        }
        for (i, route) in self.routes.iter().enumerate() {
            let at = format!("routes[{i}]");
            for (field, place) in [("from", &route.from), ("to", &route.to)] {
                if let Place::Node(node) = place {
                    check.trading_node(&format!("{at}.{field}"), node);
                }
            }
            if route.from == route.to || route.to == Place::Site {
                check.error(
                    &format!("{at}.to"),
                    format!(
                        "to = \"{}\" must be a node other than \"from\"",
                        String::from(route.to.clone())
                    ),
                );
            }
            if let Err((field, value, (min, max))) = route.check() {
                check.range(&format!("{at}.{field}"), value, min, max);
            }
        }
        let freight = &self.freight;
        check.range("freight.delta_v_km_s", freight.delta_v_km_s, 0.0, 30.0);
        check.range("freight.isp_s", freight.isp_s, 10.0, 1e5);
        check.range(
            "freight.fee_credits_per_kg",
            freight.fee_credits_per_kg,
            0.0,
            PRICE_MAX,
        );
        self.charter.check(check);
        let costs = &self.costs;
        for (field, value) in [
            (
                "upkeep_credits_per_robot_day",
                costs.upkeep_credits_per_robot_day,
            ),
            (
                "upkeep_credits_per_plant_day",
                costs.upkeep_credits_per_plant_day,
            ),
            ("energy_credits_per_kwh", costs.energy_credits_per_kwh),
            ("venture_fee_credits", costs.venture_fee_credits),
            ("labour.wage_credits_per_h", costs.labour.wage_credits_per_h),
            (
                "labour.autonomy_credits_per_robot_day",
                costs.labour.autonomy_credits_per_robot_day,
            ),
        ] {
            check.range(&format!("costs.{field}"), value, 0.0, PRICE_MAX);
        }
        check.range(
            "costs.labour.autonomy_error_per_robot_day",
            costs.labour.autonomy_error_per_robot_day,
            0.0,
            1.0,
        );
    }
}

/// Collects what is wrong with one file.
pub(super) struct Check<'a> {
    file: &'a str,
    /// The sort of file, in a word.
    what: &'a str,
    lines: &'a FieldLines,
    errors: Vec<LevelError>,
}

impl<'a> Check<'a> {
    pub(super) fn of(file: &'a str, what: &'a str, lines: &'a FieldLines) -> Self {
        Self {
            file,
            what,
            lines,
            errors: Vec::new(),
        }
    }

    /// All errors in the order of their lines, if there are any.
    pub(super) fn into_result(mut self) -> Result<(), LevelErrors> {
        if self.errors.is_empty() {
            return Ok(());
        }
        self.errors.sort_by_key(|error| error.line);
        Err(LevelErrors(self.errors))
    }

    /// Reports fields and keys that stand twice.
    pub(super) fn duplicates(&mut self) {
        for (field, line) in self.lines.repeated.clone() {
            self.error_at(
                line,
                &field,
                format!("{} stands here a second time", last(&field)),
            );
        }
    }

    pub(super) fn error(&mut self, field: &str, message: String) {
        self.error_at(self.lines.line_of(field), field, message);
    }

    fn error_at(&mut self, line: usize, field: &str, message: String) {
        self.errors.push(LevelError {
            file: self.file.to_owned(),
            line,
            field: field.to_owned(),
            message: format!("{message}, in {} \"{}\"", self.what, self.file),
        });
    }

    /// Reports a number that is not finite or outside `min..=max`; true if it is usable.
    pub(super) fn range(&mut self, field: &str, value: f64, min: f64, max: f64) -> bool {
        let usable = value.is_finite() && min <= value && value <= max;
        // A bound that is itself unusable has its own report.
        if !usable && min.is_finite() && max.is_finite() {
            let expected = if 0.0 < min && value <= 0.0 {
                "positive and finite".to_owned()
            } else if min == 0.0 && value < 0.0 {
                "at least 0 and finite".to_owned()
            } else if !value.is_finite() {
                format!("finite and from {min} to {max}")
            } else {
                format!("from {min} to {max}")
            };
            self.error(
                field,
                format!("{} = {value} must be {expected}", last(field)),
            );
        }
        usable
    }

    pub(super) fn count(&mut self, field: &str, value: u32, min: u32, max: u32) {
        if !(min..=max).contains(&value) {
            self.error(
                field,
                format!("{} = {value} must be from {min} to {max}", last(field)),
            );
        }
    }

    fn coordinates(&mut self, at: &str, latitude_deg: f64, longitude_deg: f64) -> bool {
        let latitude = self.range(&format!("{at}.latitude_deg"), latitude_deg, -90.0, 90.0);
        let longitude = self.range(&format!("{at}.longitude_deg"), longitude_deg, -360.0, 360.0);
        latitude && longitude
    }

    pub(super) fn text(&mut self, field: &str, value: &str) {
        if value.trim().is_empty() {
            self.error(
                field,
                format!("{} is empty, but must say something", last(field)),
            );
        }
    }

    /// Names appear in orders, tables and file names.
    pub(super) fn name(&mut self, field: &str, value: &str) {
        let usable = !value.is_empty()
            && value.len() <= 64
            && value
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !usable {
            self.error(
                field,
                format!(
                    "name = {value:?} must be 1 to 64 letters, digits, dots, dashes or underscores"
                ),
            );
        }
    }

    fn unique_name(&mut self, at: &str, value: &str, taken: &mut BTreeMap<String, String>) {
        let field = format!("{at}.name");
        self.name(&field, value);
        if let Some(holder) = taken.get(value) {
            let message = format!("name = {value:?} must be unique, but {holder} has it already");
            self.error(&field, message);
        } else {
            taken.insert(value.to_owned(), at.to_owned());
        }
    }

    /// Reports a name that nothing in the level bears; true if it is known.
    fn one_of(&mut self, field: &str, value: &str, what: &str, known: &[&str]) -> bool {
        let found = known.contains(&value);
        if !found {
            let expected = if known.is_empty() {
                format!("must name {what} of this level, which has none")
            } else {
                format!("must name {what} of this level: {}", known.join(", "))
            };
            self.error(field, format!("{} = {value:?} {expected}", last(field)));
        }
        found
    }

    fn body(&mut self, body: &BodyChoice, anchor: Anchor) {
        let errors = body.check(anchor);
        let sound = errors.is_empty();
        for error in errors {
            self.error(&format!("body.{}", error.field), error.message);
        }
        if let (true, BodyChoice::Mesh { file, .. }) = (sound, body)
            && let Err(error) = mesh_file::read(file)
        {
            self.error("body.file", error.to_string());
        }
    }

    pub(super) fn market_node(&mut self, field: &str, node: &str) {
        let nodes = node_names();
        if !nodes.contains(&node) {
            self.error(
                field,
                format!(
                    "node = {node:?} must be a node of the tables: {}",
                    nodes.join(", ")
                ),
            );
        }
    }

    /// A node of the tables, or Earth.
    fn trading_node(&mut self, field: &str, node: &str) {
        if !tables::is_node(node) {
            self.error(
                field,
                format!(
                    "{} = {node:?} must be {} or a node of the tables: {}",
                    last(field),
                    tables::EARTH,
                    node_names().join(", ")
                ),
            );
        }
    }

    /// A range of temperatures [K].
    pub(super) fn temperatures(&mut self, field: &str, (low_k, high_k): (f64, f64)) {
        let low = self.range(&format!("{field}[0]"), low_k, 1.0, 2000.0);
        let high = self.range(&format!("{field}[1]"), high_k, 1.0, 2000.0);
        if low && high && high_k <= low_k {
            self.error(
                field,
                format!("{} = ({low_k}, {high_k}) must rise", last(field)),
            );
        }
    }

    fn plant_kind(&mut self, at: &str, kind: &PlantKind) {
        self.size(&format!("{at}.size_m"), kind.size_m);
        for (field, value, min, max) in [
            ("dry_mass_kg", kind.dry_mass_kg, 0.1, MASS_MAX_KG),
            (
                "hopper_capacity_kg",
                kind.hopper_capacity_kg,
                0.001,
                MASS_MAX_KG,
            ),
            (
                "tank_capacity_kg",
                kind.tank_capacity_kg,
                0.001,
                MASS_MAX_KG,
            ),
            ("water_kg", kind.water_kg, 0.0, kind.tank_capacity_kg),
            ("solar_area_m2", kind.solar_area_m2, 0.0, 1e6),
            ("solar_efficiency", kind.solar_efficiency, 0.0, 1.0),
            ("idle_power_w", kind.idle_power_w, 0.0, 1e9),
            ("oven_power_w", kind.oven_power_w, 0.001, 1e9),
            ("heat_mj_per_kg_rock", kind.heat_mj_per_kg_rock, 0.001, 1e3),
            ("heat_mj_per_kg_water", kind.heat_mj_per_kg_water, 0.0, 1e3),
            ("water_recovery", kind.water_recovery, 0.0, 1.0),
            ("dock_radius_m", kind.dock_radius_m, 0.1, 1e3),
            ("charge_power_w", kind.charge_power_w, 0.0, 1e9),
            (
                "print_kwh_per_kg",
                kind.print_kwh_per_kg.unwrap_or(1.0),
                0.01,
                1e4,
            ),
            ("price_credits", kind.price_credits, 0.0, CREDITS_MAX),
        ] {
            self.range(&format!("{at}.{field}"), value, min, max);
        }
    }

    pub(super) fn size(&mut self, field: &str, (x, y, z): (f64, f64, f64)) {
        for (i, value) in [x, y, z].into_iter().enumerate() {
            self.range(&format!("{field}[{i}]"), value, 0.01, 100.0);
        }
    }
}

/// The name of a field within its path, with its index if it is an element.
fn last(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}

/// The nodes of `launch_and_nodes.csv`.
fn node_names() -> Vec<&'static str> {
    tables::nodes()
        .iter()
        .map(|node| node.id.as_str())
        .collect()
}

/// The known names that are closest to `wanted` by edit distance, as a list.
pub(super) fn nearest(wanted: &str, known: &[&str], count: usize) -> String {
    // A hostile name may be as long as the file; only its beginning can resemble a known one.
    let wanted: Vec<char> = wanted
        .chars()
        .take(40)
        .flat_map(char::to_lowercase)
        .collect();
    let mut ranked: Vec<(usize, &str)> = known
        .iter()
        .map(|name| {
            let mut row: Vec<usize> = (0..=wanted.len()).collect();
            for (i, c) in name.chars().enumerate() {
                let mut diagonal = row[0];
                row[0] = i + 1;
                for (j, w) in wanted.iter().enumerate() {
                    let substituted = diagonal + usize::from(*w != c);
                    diagonal = row[j + 1];
                    row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
                }
            }
            (row[wanted.len()], *name)
        })
        .collect();
    ranked.sort();
    let names: Vec<&str> = ranked
        .into_iter()
        .take(count)
        .map(|(_, name)| name)
        .collect();
    names.join(", ")
}

/// Words as a choice: `a, b or c`.
pub(super) fn choices(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}
