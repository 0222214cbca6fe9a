//! Loose ground: where spoil comes to lie, and which walls, slopes and roofs hold.
//!
//! A slope of angle β in ground of cohesion c and friction φ stands up to the height of Culmann
//! (1875), H = 4 c sin β cos φ / (ρ g (1 − cos(β − φ))), which for a vertical wall is
//! 4 c tan(45° + φ/2) / (ρ g); slopes up to φ always stand. A roof carries itself up to the span
//! 2 c / (ρ g) (Terzaghi 1943, the arch over a yielding strip). So 25 Pa hold kilometres on Bennu,
//! and a kilopascal three metres on the Moon.
//!
//! Only voxels near which something has changed are looked at, a few in every second of the world
//! and in the order of their places, so that ground that nobody touches costs nothing and a tick
//! never more than so much. A look goes along rays over the ground around the voxel, and compares
//! each two places on a ray: the wall above a floor that was dug is found from the floor. What gives
//! way falls to the foot of its slope, to the gram, and is looked at again until all of it holds;
//! what finds no ground below it drifts off.

use std::f64::consts::{FRAC_PI_2, TAU};

use bevy::math::DVec3;

use super::feedstock::Feedstock;
use super::voxels::{centre_of, voxel_key};
use super::{ChunkKey, GravityCell, Ground, Terrain};

/// Spoil has this part of the cohesion that the ground had before it was dug (assumed).
const SPOIL_COHESION: f64 = 0.1;
/// Voxels that are looked at in a second of the world, and at most in one tick. They are looked at
/// one after the other while the surface stays as it is, which it must be sampled for.
const LOOKS_PER_S: u64 = 4;
const LOOKS_MAX: u64 = 64;
/// A look goes in so many directions, over these distances [m].
const AROUND: usize = 8;
const AWAY_M: [f64; 6] = [1.0, 2.0, 3.0, 5.0, 8.0, 12.0];
/// A surface between voxels is known to this [m], and to this part of the distance besides.
const KNOWN_M: f64 = 0.25;
const KNOWN_PART: f64 = 0.02;
/// Higher falls are of no other kind [m].
const FALL_MAX_M: f64 = 100.0;
/// A voxel in the open higher than this above the ground leaves it to the voxel down there [m].
const STANDS_M: f64 = 1.5;
/// Most that gives way at once [m³], and least that is worth it [g].
const SLICE_M3: f64 = 0.5;
const SLICE_MIN_G: i64 = 1_000;
/// Parts of a wall that are held against their own strength, from the top.
const PARTS: u32 = 3;
/// A heap is poured in such portions [m³], and reaches so far from its middle [m].
const PORTION_M3: f64 = 0.1;
const REACH_MAX: f64 = 16.0;
/// Roofs are looked for up to this height, and their walls up to this distance [m].
const ROOF_M: f64 = 4.0;
const SPAN_MAX_M: f64 = 15.0;
/// Gaps under a roof that are lower than this are within what voxels can show [m].
const GAP_M: f64 = 1.5;

/// Height up to which a slope stands [m]: Culmann (1875). Infinite up to the friction angle.
pub fn critical_height_m(
    ground: &Ground,
    density_kg_m3: f64,
    slope_rad: f64,
    weight_m_s2: f64,
) -> f64 {
    let friction_rad = ground.friction_angle_rad;
    if slope_rad <= friction_rad {
        return f64::INFINITY;
    }
    let slope_rad = slope_rad.min(FRAC_PI_2);
    4.0 * ground.cohesion_pa * slope_rad.sin() * friction_rad.cos()
        / (density_kg_m3 * weight_m_s2 * (1.0 - (slope_rad - friction_rad).cos()))
}

/// Span up to which a roof carries itself [m]: Terzaghi (1943).
pub fn critical_span_m(ground: &Ground, weight_m_s2: f64) -> f64 {
    2.0 * ground.cohesion_pa / (ground.bulk_density_kg_m3 * weight_m_s2)
}

/// A column of ground under a heap.
struct Column {
    foot_m: DVec3,
    height_m: f64,
    /// Height above the cone of repose around the place.
    level_m: f64,
}

/// Ground that does not hold: how much of it, from where and in which direction it breaks off, and
/// where it falls, if anywhere.
#[derive(Clone, Copy, Debug)]
struct Slide {
    from_m: DVec3,
    inward: DVec3,
    mass_g: i64,
    to_m: Option<DVec3>,
}

/// What a look at a voxel finds.
#[derive(Debug)]
enum Look {
    Holds,
    Gives(Slide),
    /// The voxel hangs in the open: it is the one on the ground below that has to hold.
    Below((ChunkKey, u16)),
}

impl Terrain {
    /// Pours spoil on the ground at a place: it fills hollows and then makes a cone at the angle of
    /// repose. Returns how much came to lie; the rest finds no ground, as all of it does where the
    /// weight points away from the body.
    pub fn deposit(&mut self, at_m: DVec3, spoil: Feedstock) -> i64 {
        let mass_g = spoil.mass_g;
        let up = self.up(at_m);
        if mass_g <= 0 || self.model().surface_normal(at_m).dot(up) <= 0.0 {
            return 0;
        }
        let density_g_m3 = 1e3 * self.heap_density_kg_m3();
        let repose = self.model().ground_at(at_m).friction_angle_rad.tan();
        // Of a cone of this volume, and some; wider where what stands there leaves no room.
        let volume_m3 = mass_g as f64 / density_g_m3;
        let radius_m = (3.0 * volume_m3 / (std::f64::consts::PI * repose)).cbrt();
        let mut reach = (1.3 * radius_m + 1.0).ceil().clamp(1.0, REACH_MAX) as i32;
        let mut left = spoil;
        loop {
            let look_m = ROOF_M + repose * radius_m;
            let mut columns = self.columns(at_m, up, reach, look_m, repose);
            self.fill(&mut columns, up, &mut left);
            if left.mass_g == 0 || REACH_MAX as i32 <= reach {
                return mass_g - left.mass_g;
            }
            reach = (2 * reach).min(REACH_MAX as i32);
        }
    }

    /// The ground around the foot of a heap.
    fn columns(&self, at_m: DVec3, up: DVec3, reach: i32, look_m: f64, repose: f64) -> Vec<Column> {
        let (east, north) = up.any_orthonormal_pair();
        let mut columns = Vec::new();
        for i in -reach..=reach {
            for j in -reach..=reach {
                if reach * reach < i * i + j * j {
                    continue;
                }
                let foot_m = at_m + f64::from(i) * east + f64::from(j) * north;
                let fall_m = self.drop_m(foot_m + look_m * up, -up, 4.0 * look_m);
                let Some(fall_m) = fall_m.filter(|fall_m| 0.0 < *fall_m) else {
                    continue;
                };
                let height_m = look_m - fall_m;
                columns.push(Column {
                    foot_m,
                    height_m,
                    level_m: height_m + repose * f64::from(i).hypot(f64::from(j)),
                });
            }
        }
        columns
    }

    /// Pours onto the lowest columns until nothing is left or none takes any more.
    fn fill(&mut self, columns: &mut [Column], up: DVec3, left: &mut Feedstock) {
        let density_g_m3 = 1e3 * self.heap_density_kg_m3();
        let portion_g = (PORTION_M3 * density_g_m3).ceil() as i64;
        while 0 < left.mass_g {
            let lowest = columns
                .iter_mut()
                .min_by(|a, b| a.level_m.total_cmp(&b.level_m));
            let Some(column) = lowest.filter(|column| column.level_m.is_finite()) else {
                return;
            };
            let mut put_g = 0;
            for step in 0..5 {
                let above_m = 0.05 + 0.5 * f64::from(step);
                let into_m = column.foot_m + (column.height_m + above_m) * up;
                put_g = self.put_at(into_m, left, portion_g);
                if put_g != 0 {
                    break;
                }
            }
            if put_g == 0 {
                column.level_m = f64::INFINITY;
                continue;
            }
            let rise_m = put_g as f64 / density_g_m3;
            column.height_m += rise_m;
            column.level_m += rise_m;
        }
    }

    /// Whether ground is still to be looked at.
    pub fn is_restless(&self) -> bool {
        !self.restless.is_empty()
    }

    /// Lets ground near what has changed hold or give way, as far as it gets in so many seconds.
    /// Returns the mass that has drifted off [g].
    pub fn settle(&mut self, seconds: u64) -> i64 {
        let looks = (LOOKS_PER_S * seconds).min(LOOKS_MAX);
        let mut drifted_g = 0;
        for _ in 0..looks {
            let Some((key, index)) = self.restless.pop_first() else {
                break;
            };
            drifted_g += self.relax(key, index);
        }
        drifted_g
    }

    /// What the ground is at a place, spoil included.
    fn loose_ground_at(&self, at_m: DVec3) -> (Ground, f64) {
        let mut ground = self.model().ground_at(at_m);
        let mut density_kg_m3 = ground.bulk_density_kg_m3;
        if 0 < self.spoil_at(at_m) {
            ground.rock = false;
            // A boulder's strength is lost with the boulder.
            ground.cohesion_pa = (SPOIL_COHESION * ground.cohesion_pa).min(100.0);
            density_kg_m3 = self.heap_density_kg_m3();
        }
        (ground, density_kg_m3)
    }

    /// Looks at one voxel; what gives way goes to where it falls. Returns what drifts off [g].
    fn relax(&mut self, key: ChunkKey, index: u16) -> i64 {
        let slide = match self.look(key, index) {
            Look::Holds => return 0,
            Look::Below(floor) => {
                self.restless.insert(floor);
                return 0;
            }
            Look::Gives(slide) => slide,
        };
        // The surface runs between the middles of voxels: the outermost one that holds anything may
        // lie before it or behind it.
        let spoil = (0..5)
            .map(|step| {
                let in_m = 0.5 * f64::from(step) - 0.7;
                self.take_at(slide.from_m + in_m * slide.inward, slide.mass_g)
            })
            .find(|spoil| 0 < spoil.mass_g);
        let Some(spoil) = spoil else {
            return 0;
        };
        // More may follow from here.
        self.restless.insert((key, index));
        let lies_g = match slide.to_m {
            Some(to_m) => self.deposit(to_m, spoil),
            None => 0,
        };
        spoil.mass_g - lies_g
    }

    fn look(&self, key: ChunkKey, index: u16) -> Look {
        let middle_m = centre_of(key, index);
        let weight = self.acceleration_m_s2(middle_m, DVec3::ZERO, &mut GravityCell::default());
        let weight_m_s2 = weight.length();
        if weight_m_s2 == 0.0 {
            return Look::Holds;
        }
        let up = -weight / weight_m_s2;
        let (ground, density_kg_m3) = self.loose_ground_at(middle_m);
        if FALL_MAX_M < critical_height_m(&ground, density_kg_m3, FRAC_PI_2, weight_m_s2)
            && 2.0 * SPAN_MAX_M < critical_span_m(&ground, weight_m_s2)
        {
            // Nothing is high or wide enough to fall here.
            return Look::Holds;
        }
        let mut from_m = middle_m;
        if self.felt_m(from_m) < 0.0 {
            from_m += 1.5 * up;
            if self.felt_m(from_m) < 0.0 {
                return Look::Holds;
            }
        }
        let Some(fall_m) = self.drop_m(from_m, -up, FALL_MAX_M) else {
            return Look::Holds;
        };
        let floor_m = from_m - fall_m * up;
        if let Some(slide) = self.failing_roof(from_m, floor_m, up, weight_m_s2) {
            return Look::Gives(slide);
        }
        if STANDS_M < fall_m {
            let floor = voxel_key(floor_m - 0.3 * up);
            if floor != (key, index) {
                return Look::Below(floor);
            }
        }
        // Neighbours look along other rays.
        let turn_rad = f64::from(index % 3) * TAU / (3 * AROUND) as f64;
        match self.failing_slope(floor_m, up, turn_rad, weight_m_s2) {
            Some(slide) => Look::Gives(slide),
            None => Look::Holds,
        }
    }

    /// The worst of the slopes around a place on the ground that do not hold.
    fn failing_slope(
        &self,
        here_m: DVec3,
        up: DVec3,
        turn_rad: f64,
        weight_m_s2: f64,
    ) -> Option<Slide> {
        let friction_rad = self.model().ground_at(here_m).friction_angle_rad;
        let (east, north) = up.any_orthonormal_pair();
        let mut worst: Option<(f64, Slide)> = None;
        for k in 0..AROUND {
            let (sin, cos) = (turn_rad + TAU * k as f64 / AROUND as f64).sin_cos();
            let ray = cos * east + sin * north;
            let mut ground = [(0.0, here_m); AWAY_M.len() + 1];
            for (place, away_m) in ground[1..].iter_mut().zip(AWAY_M) {
                let beside_m = here_m + away_m * ray;
                let height_m = self.height_beside_m(beside_m, up);
                *place = (away_m, beside_m + height_m * up);
            }
            // Most in need of cohesion: h (1 − cos(β − φ))/sin β, of Culmann.
            let mut neediest: Option<(f64, DVec3, DVec3)> = None;
            for (j, &(far_m, there_m)) in ground.iter().enumerate() {
                for &(near_m, near) in &ground[..j] {
                    let rise_m = (there_m - near).dot(up);
                    let (top_m, foot_m) = if 0.0 < rise_m {
                        (there_m, near)
                    } else {
                        (near, there_m)
                    };
                    let (height_m, away_m) = (rise_m.abs(), far_m - near_m);
                    let excess_m = height_m - friction_rad.tan() * away_m;
                    if excess_m < KNOWN_M + KNOWN_PART * away_m {
                        continue;
                    }
                    let slope_rad = height_m.atan2(away_m);
                    let mut need_m =
                        height_m * (1.0 - (slope_rad - friction_rad).cos()) / slope_rad.sin();
                    if 0 < self.spoil_at(top_m - 0.3 * up) {
                        need_m /= SPOIL_COHESION;
                    }
                    if neediest.is_none_or(|(most_m, ..)| most_m < need_m) {
                        neediest = Some((need_m, top_m, foot_m));
                    }
                }
            }
            let Some((_, top_m, foot_m)) = neediest else {
                continue;
            };
            // What is under a roof is no slope.
            let height_m = (top_m - foot_m).dot(up);
            if self.drop_m(foot_m + 0.3 * up, up, height_m).is_some() {
                continue;
            }
            if let Some((need, slide)) = self.failing_wall(top_m, foot_m, up, weight_m_s2)
                && worst.is_none_or(|(most, _)| most < need)
            {
                worst = Some((need, slide));
            }
        }
        worst.map(|(_, slide)| slide)
    }

    /// Height of the ground at a place over this one, or under it if this one is in the open [m].
    fn height_beside_m(&self, beside_m: DVec3, up: DVec3) -> f64 {
        const LIFT_M: f64 = 0.4;
        let over_m = beside_m + LIFT_M * up;
        let mut rise_m = 0.0;
        let mut gap_m = self.felt_m(over_m);
        if 0.0 <= gap_m {
            return LIFT_M - self.drop_m(over_m, -up, FALL_MAX_M).unwrap_or(FALL_MAX_M);
        }
        while gap_m < 0.0 && rise_m < FALL_MAX_M {
            rise_m += (-0.6 * gap_m).clamp(0.2, 0.6);
            gap_m = self.felt_m(over_m + rise_m * up);
        }
        if gap_m < 0.0 {
            return FALL_MAX_M;
        }
        let back_m = self
            .drop_m(over_m + rise_m * up, -up, rise_m)
            .unwrap_or(0.0);
        LIFT_M + rise_m - back_m
    }

    /// What gives way of a slope from top to foot, and by how much its height is too great.
    ///
    /// The ground at its top, its middle and its foot differ: each upper part is held against the
    /// cohesion that it has on average, down to the first rock.
    fn failing_wall(
        &self,
        top_m: DVec3,
        foot_m: DVec3,
        up: DVec3,
        weight_m_s2: f64,
    ) -> Option<(f64, Slide)> {
        let height_m = (top_m - foot_m).dot(up);
        let away_m = (top_m - foot_m).reject_from_normalized(up).length();
        let slope_rad = height_m.atan2(away_m);
        let (mut cohesion_pa, mut density_kg_m3, mut need) = (0.0, 0.0, 0.0_f64);
        let mut top = None;
        for part in 1..=PARTS {
            let share = (f64::from(part) - 0.5) / f64::from(PARTS);
            let depth_m = (share * height_m).max(0.3);
            let (mut ground, density) = self.loose_ground_at(top_m - depth_m * up);
            if ground.rock {
                break;
            }
            let (_, friction_angle_rad) = *top.get_or_insert((density, ground.friction_angle_rad));
            let weight = 1.0 / f64::from(part);
            cohesion_pa += weight * (ground.cohesion_pa - cohesion_pa);
            density_kg_m3 += weight * (density - density_kg_m3);
            ground.cohesion_pa = cohesion_pa;
            ground.friction_angle_rad = friction_angle_rad;
            let stands_m = critical_height_m(&ground, density_kg_m3, slope_rad, weight_m_s2);
            let part_m = height_m * f64::from(part) / f64::from(PARTS);
            need = need.max(part_m / stands_m);
        }
        let (density_kg_m3, friction_rad) = top?;
        if need <= 1.0 {
            return None;
        }
        let excess_m = height_m - friction_rad.tan() * away_m;
        if excess_m < KNOWN_M + KNOWN_PART * away_m {
            return None;
        }
        let slice_m3 = (0.5 * excess_m).min(SLICE_M3);
        let mass_g = (1e3 * density_kg_m3 * slice_m3) as i64;
        let found_ground = height_m < FALL_MAX_M - 1.0;
        let slide = Slide {
            from_m: top_m,
            inward: -up,
            mass_g,
            to_m: found_ground.then_some(foot_m),
        };
        (SLICE_MIN_G <= mass_g).then_some((need, slide))
    }

    /// What gives way of a roof that is too wide.
    fn failing_roof(
        &self,
        from_m: DVec3,
        floor_m: DVec3,
        up: DVec3,
        weight_m_s2: f64,
    ) -> Option<Slide> {
        let rise_m = self
            .drop_m(from_m, up, ROOF_M)
            .filter(|rise_m| 0.0 < *rise_m)?;
        let roof_m = from_m + rise_m * up;
        if (roof_m - floor_m).dot(up) < GAP_M {
            return None;
        }
        let (ground, density_kg_m3) = self.loose_ground_at(roof_m + 0.3 * up);
        if ground.rock {
            return None;
        }
        let (east, north) = up.any_orthonormal_pair();
        let under_m = roof_m - 0.3 * up;
        let span_m = [
            east,
            north,
            (east + north).normalize(),
            (east - north).normalize(),
        ]
        .map(|way| {
            let reach = |way| self.drop_m(under_m, way, SPAN_MAX_M).unwrap_or(SPAN_MAX_M);
            reach(way) + reach(-way)
        })
        .into_iter()
        .fold(f64::INFINITY, f64::min);
        if span_m <= critical_span_m(&ground, weight_m_s2) {
            return None;
        }
        Some(Slide {
            from_m: roof_m,
            inward: up,
            mass_g: (1e3 * density_kg_m3 * SLICE_M3) as i64,
            to_m: Some(floor_m),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::constituent::Constituent;
    use super::super::feedstock::Contents;
    use super::super::{Anchor, BodyChoice, BodyModel, MoonGround};
    use super::*;

    fn load(mass_g: i64, metal_ng: u64) -> Feedstock {
        Feedstock {
            mass_g,
            contents: Contents::of_units(&[(Constituent::Metal, metal_ng)]),
        }
    }

    fn terrain_on(body: &str) -> (Terrain, DVec3) {
        terrain_of(&BodyChoice::of(body, 7))
    }

    fn terrain_of(body: &BodyChoice) -> (Terrain, DVec3) {
        let anchor = Anchor {
            latitude_rad: 0.45,
            longitude_rad: 1.1,
        };
        let model = BodyModel::of(body, anchor).unwrap();
        let place = model.surface_point(anchor.latitude_rad, anchor.longitude_rad);
        (Terrain::new(Arc::clone(&model)), place)
    }

    fn settle_all(terrain: &mut Terrain) -> (i64, usize) {
        let (mut drifted_g, mut ticks) = (0, 0);
        while terrain.is_restless() && ticks < 3_000 {
            drifted_g += terrain.settle(60);
            ticks += 1;
        }
        (drifted_g, ticks)
    }

    #[test]
    fn walls_stand_as_high_as_cohesion_holds_them() {
        let (terrain, place) = terrain_on("bennu");
        let mut ground = terrain.model().ground_at(place);
        ground.friction_angle_rad = 35f64.to_radians();
        ground.cohesion_pa = 25.0;
        let height = |ground: &Ground, density, slope: f64, weight| {
            critical_height_m(ground, density, slope.to_radians(), weight)
        };
        // 4 · 25 Pa · tan 62.5° / (1190 kg/m³ · 6 × 10⁻⁵ m/s²).
        assert!((height(&ground, 1190.0, 90.0, 6e-5) / 2690.5 - 1.0).abs() < 1e-3);
        ground.cohesion_pa = 1_000.0;
        let wall_m = height(&ground, 1500.0, 90.0, 1.62);
        assert!((wall_m / 3.162 - 1.0).abs() < 1e-3, "{wall_m}");
        assert!(wall_m < height(&ground, 1500.0, 60.0, 1.62));
        assert_eq!(height(&ground, 1500.0, 34.0, 1.62), f64::INFINITY);
        ground.bulk_density_kg_m3 = 1500.0;
        assert!((critical_span_m(&ground, 1.62) - 0.823).abs() < 1e-3);
    }

    /// The ground around a place as columns a metre apart: where each ends on top.
    fn tops(terrain: &Terrain, place: DVec3, radius: i32) -> Vec<DVec3> {
        let up = terrain.up(place);
        let (east, north) = up.any_orthonormal_pair();
        let mut tops = Vec::new();
        for i in -radius..=radius {
            for j in -radius..=radius {
                let over_m = place + f64::from(i) * east + f64::from(j) * north + 12.0 * up;
                if let Some(fall_m) = terrain.drop_m(over_m, -up, 60.0) {
                    tops.push(over_m - fall_m * up);
                }
            }
        }
        tops
    }

    /// How many times too high the worst slope around a place is, by Culmann with the cohesion that
    /// the ground has on average between top and foot, once a voxel's height is left out of account.
    fn worst_need(terrain: &Terrain, place: DVec3, radius: i32) -> (f64, f64, f64) {
        let up = terrain.up(place);
        let weight = terrain.acceleration_m_s2(place, DVec3::ZERO, &mut GravityCell::default());
        let tops = tops(terrain, place, radius);
        let mut worst = (0.0_f64, 0.0, 0.0);
        for top in &tops {
            for foot in &tops {
                let height_m = (*top - *foot).dot(up) - 1.0;
                let away_m = (*top - *foot).reject_from_normalized(up).length();
                if height_m <= 0.0 || 8.5 < away_m {
                    continue;
                }
                let (mut ground, _) = terrain.loose_ground_at(*top - 0.3 * up);
                let (mut cohesion_pa, mut density_kg_m3) = (0.0, 0.0);
                for k in 0..5 {
                    let depth_m = (0.2 * f64::from(k) + 0.1) * (height_m + 1.0);
                    let (part, density) = terrain.loose_ground_at(*top - depth_m.max(0.3) * up);
                    ground.rock |= part.rock;
                    cohesion_pa += 0.2 * part.cohesion_pa;
                    density_kg_m3 += 0.2 * density;
                }
                if ground.rock {
                    continue;
                }
                ground.cohesion_pa = cohesion_pa;
                let slope_rad = height_m.atan2(away_m);
                let stands_m =
                    critical_height_m(&ground, density_kg_m3, slope_rad, weight.length());
                if worst.0 < height_m / stands_m {
                    worst = (height_m / stands_m, height_m, away_m);
                }
            }
        }
        worst
    }

    #[test]
    fn a_shaft_and_a_trench_stand_on_bennu_and_slump_on_the_moon_until_all_holds() {
        let highland = BodyChoice::Moon {
            ground: MoonGround::Highland,
            seed: 7,
        };
        for body in [BodyChoice::of("bennu", 7), highland] {
            for trench in [false, true] {
                let (mut terrain, place) = terrain_of(&body);
                let up = terrain.up(place);
                let along = up.any_orthonormal_vector();
                // A shaft of nine metres, a trench of five.
                let steps = if trench { 9 } else { 6 };
                for k in 0..steps {
                    let (k, depth_m) = (f64::from(k), 1.0 + 2.0 * f64::from(k));
                    if trench {
                        for depth_m in [1.0, 3.0, 5.0, 7.0, 9.0, 11.0] {
                            let at_m = place + (k - 4.0) * along - depth_m * up;
                            terrain.excavate(at_m, 1.6, i64::MAX);
                        }
                    } else {
                        terrain.excavate(place - depth_m * up, 2.0, i64::MAX);
                    }
                }
                let removed_g = terrain.removed_g();
                let before = worst_need(&terrain, place, 9);
                let floor_m =
                    |terrain: &Terrain| terrain.drop_m(place + 4.0 * up, -up, 60.0).unwrap();
                let depth_before_m = floor_m(&terrain);
                let (drifted_g, ticks) = settle_all(&mut terrain);
                assert!(
                    !terrain.is_restless(),
                    "{body:?} is not done after {ticks} ticks"
                );
                assert_eq!(terrain.removed_g(), removed_g + drifted_g, "{body:?}");
                assert_eq!(terrain.recount_removed_g(), terrain.removed_g(), "{body:?}");
                let after = worst_need(&terrain, place, 14);
                let rose_m = depth_before_m - floor_m(&terrain);
                if matches!(body, BodyChoice::Moon { .. }) {
                    assert!(1.0 < before.0 && 0.3 < rose_m, "{before:?}, rose {rose_m}");
                } else {
                    assert_eq!(rose_m, 0.0);
                }
                assert!(after.0 <= 1.0, "{body:?}: {after:?}");
            }
        }
    }

    #[test]
    fn a_tower_of_spoil_slumps_to_the_angle_of_repose() {
        let (mut terrain, anchor) = terrain_on("vesta");
        let up = terrain.up(anchor);
        let (east, north) = up.any_orthonormal_pair();
        // Level ground of little cohesion.
        let fit = |place: DVec3| {
            let ground = terrain.model().ground_at(place);
            let tops = tops(&terrain, place, 6);
            let height_m = |m: &DVec3| (*m - place).dot(up);
            let high_m = tops.iter().map(height_m).fold(f64::MIN, f64::max);
            let low_m = tops.iter().map(height_m).fold(f64::MAX, f64::min);
            high_m - low_m + 0.1 * ground.cohesion_pa + if ground.rock { 1e3 } else { 0.0 }
        };
        let place = (0..100)
            .map(|k| {
                let (x, y) = (f64::from(k % 10), f64::from(k / 10));
                terrain.surface_below(anchor + 9.0 * (x * east + y * north) + 20.0 * up)
            })
            .min_by(|a, b| fit(*a).total_cmp(&fit(*b)))
            .unwrap();
        let up = terrain.up(place);
        for k in 0..7 {
            for ij in 0..16 {
                let beside_m = (f64::from(ij % 4) - 1.5) * east + (f64::from(ij / 4) - 1.5) * north;
                let mut spoil = load(10_000_000, 0);
                terrain.put_at(place + beside_m + f64::from(k) * up, &mut spoil, i64::MAX);
            }
        }
        let spoil_g = terrain.spoil_g();
        settle_all(&mut terrain);
        assert!(!terrain.is_restless());
        assert_eq!(terrain.spoil_g(), spoil_g);
        let mut steepest_deg = 0.0_f64;
        let tops = tops(&terrain, place, 8);
        for top in &tops {
            for foot in &tops {
                let away_m = (*top - *foot).reject_from_normalized(up).length();
                if (3.0..4.5).contains(&away_m) {
                    let slope_rad = (*top - *foot).dot(up).atan2(away_m);
                    steepest_deg = steepest_deg.max(slope_rad.to_degrees());
                }
            }
        }
        // The little cohesion of spoil is worth three degrees at this height, and a quarter of a
        // metre that voxels leave open another three.
        let friction_deg = terrain
            .model()
            .ground_at(place)
            .friction_angle_rad
            .to_degrees();
        assert!(
            (friction_deg - 3.0..friction_deg + 6.0).contains(&steepest_deg),
            "{steepest_deg}° where {friction_deg}° are at rest"
        );
        assert!(worst_need(&terrain, place, 8).0 <= 1.0);
    }

    #[test]
    fn spoil_lies_in_a_heap_and_can_be_dug_again_with_its_water() {
        let (mut terrain, place) = terrain_on("bennu");
        let up = terrain.up(place);
        let before_m = terrain.drop_m(place + 3.0 * up, -up, 9.0).unwrap();
        let mass_g = 2_000_000;
        // With a mark that undisturbed ground of Bennu has none of.
        let load = load(mass_g, 160_000_000_007);
        let mark = load.contents;
        assert_eq!(terrain.deposit(place, load), mass_g);
        assert_eq!(terrain.removed_g(), -mass_g);
        let after_m = terrain.drop_m(place + 3.0 * up, -up, 9.0).unwrap();
        assert!(
            0.3 < before_m - after_m,
            "the ground rose by {} m",
            before_m - after_m
        );
        // The field shows a distance, so that a robot can stand on it.
        assert!(terrain.signed_distance_m(place + 0.1 * up) < 0.0);
        let (mut back_g, mut back) = (0, Contents::default());
        let mut ground_g = 0;
        while back_g < mass_g {
            let spoil = terrain.excavate(place, 6.0, 50_000);
            assert!(0 < spoil.mass_g);
            back.add(spoil.contents);
            // Undisturbed ground comes up beside the spoil.
            back_g = mass_g - terrain.spoil_g();
            ground_g += spoil.mass_g;
            assert!(ground_g < 1_000_000_000);
        }
        let metal = Constituent::Metal;
        assert_eq!(back.units(metal), mark.units(metal));
        assert_eq!(terrain.removed_g(), ground_g - mass_g);
        assert_eq!(terrain.recount_removed_g(), terrain.removed_g());
    }

    #[test]
    fn a_save_with_heaps_and_restless_ground_goes_on_alike() {
        let (mut terrain, place) = terrain_on("moon");
        let up = terrain.up(place);
        terrain.excavate(place - 1.5 * up, 3.0, i64::MAX);
        terrain.deposit(
            place + 5.0 * up.any_orthonormal_vector(),
            load(900_000, 1_000),
        );
        terrain.settle(1);
        let bytes = postcard::to_stdvec(&terrain.clone()).unwrap();
        let mut again: Terrain = postcard::from_bytes(&bytes).unwrap();
        for _ in 0..40 {
            assert_eq!(terrain.settle(5), again.settle(5));
        }
        let hash = |terrain: &Terrain| {
            let mut hash = xxhash_rust::xxh3::Xxh3::new();
            terrain.hash_into(&mut hash);
            hash.digest()
        };
        assert_eq!(hash(&terrain), hash(&again));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn digging_heaping_and_slumping_keep_every_gram(
            deeds in prop::collection::vec((any::<bool>(), -4.0..4.0, -4.0..4.0, 1_000i64..3_000_000), 1..8),
            on_the_moon in any::<bool>(),
        ) {
            let (mut terrain, place) = terrain_on(if on_the_moon { "moon" } else { "bennu" });
            let (east, north) = terrain.up(place).any_orthonormal_pair();
            let (mut out_g, mut in_g, mut drifted_g) = (0, 0, 0);
            for (digs, x, y, mass_g) in deeds {
                let at_m = place + x * east + y * north;
                if digs {
                    out_g += terrain.excavate(at_m, 2.5, mass_g).mass_g;
                } else {
                    in_g += terrain.deposit(at_m, load(mass_g, 0));
                }
                drifted_g += terrain.settle(10);
                prop_assert_eq!(terrain.removed_g(), out_g - in_g + drifted_g);
                prop_assert_eq!(terrain.recount_removed_g(), terrain.removed_g());
            }
        }
    }
}
