//! Small bodies: their figure, ground, gravity, and what has been dug from them.
//!
//! A [`BodyModel`] is what digging does not change: it is made once for a body and a seed and
//! shared by all worlds of the process. A [`Terrain`] is one world's state: which voxels were
//! dug, and by how much. Both are plain data and functions without a system; robots, markets and
//! windows are not known here.
//!
//! Places are in the *site frame*: metres along the axes of the body-fixed frame (+Z along the spin
//! axis of what does not tumble), from [`BodyModel::origin_m`]. On bodies up to some two kilometres
//! that is the centre of mass. On larger ones it is a place on the surface near the work, so that
//! positions of 32 bits stay exact there: at 17 km from the centre they would step by 2 mm, on the
//! Moon by 12 cm. Inside this folder everything is computed in 64 bits from the centre;
//! [`BodyModel::from_centre`] tells others what they need for a radius or a latitude.
//!
//! - [`catalogue`] reads the tables of real bodies and of their matter.
//! - [`constituent`] names what ground is made of.
//! - [`figure`] holds formulas about a body as a whole.
//! - [`choice`] says which body; [`invention`] makes shapes from a seed, [`mesh_file`] reads them.
//! - [`outline`] is the shape at large; [`relief`] the ground, craters and boulders on it.
//! - [`spin`] is how it turns.
//! - [`spread`] is how matter varies over a body of a class, [`ore`] what the ground of one is made of.
//! - [`approximation`] has cheaper models of gravity, to tell what they miss.
//! - [`polyhedron`] computes gravity exactly, [`solid`] almost so and fast, [`gravity`] keeps it
//!   for the tick.
//! - [`voxels`] is what was dug and heaped up, [`slump`] what holds of it; [`surface`] makes meshes
//!   of it.

pub mod approximation;
pub mod catalogue;
pub mod choice;
pub mod constituent;
pub mod feedstock;
pub mod figure;
mod footing;
pub mod gravity;
pub mod invention;
pub mod mesh_file;
pub mod ore;
pub mod outline;
pub mod polyhedron;
pub mod relief;
pub mod slump;
pub mod spin;
pub mod spread;
pub mod surface;
pub mod voxels;

mod cache;
mod lattice;
mod solid;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use bevy::math::{DVec3, IVec3};
use serde::{Deserialize, Serialize};

pub use self::cache::Cache;
use self::cache::ChunkCache;
pub use self::catalogue::{BodyRecord, UnknownBody};
pub use self::choice::{BodyChoice, BodyError, InventedShape, MoonGround};
pub use self::feedstock::{Contents, Feedstock};
use self::figure::GRAVITATIONAL_CONSTANT_M3_PER_KG_S2 as GRAVITATIONAL_CONSTANT;
pub use self::gravity::GravityCell;
use self::gravity::GravityField;
use self::ore::Ore;
pub use self::ore::{Grades, Ground};
use self::outline::{Bowl, Outline};
use self::polyhedron::TriangleMesh;
use self::relief::{Lie, Neighbourhood, Relief, Style};
pub use self::solid::{Nearest, Solid};
use self::spin::Rotation;
pub use self::spin::{Spin, Tumbling, TumblingAxis};
pub use self::surface::ChunkMesh;
use self::surface::{Samples, in_parallel, mesh_of, padded_voxels, voxel_centre_m};
pub use self::voxels::{CORE_M, Field, Terrain};

/// Edge of a voxel.
pub const VOXEL_M: f64 = 1.0;
/// Voxels along an edge of a chunk.
pub const CHUNK_VOXELS: i32 = 16;

/// Bodies with a greater mean radius have the origin of their site frame at the site.
const SITE_RADIUS_M: f64 = 1_000.0;
/// What is farther from the centre than so many greatest radii is beyond the reach of the site,
const REACH_RADII: f64 = 12.0;
/// and so is what is farther than this from the origin of the site frame of a large body [m]: 32-bit
/// positions step by 2 mm there.
const REACH_M: f64 = 20_000.0;

/// How many chunks of each kind a body keeps at hand.
const NEIGHBOURHOODS_KEPT: usize = 1024;
const MESHES_KEPT: usize = 512;
const SAMPLES_KEPT: usize = 512;

/// Facets of the surface whose gravity a body has.
pub const SURFACE_FACES: usize = 20_480;

/// A cube of 16³ voxels, named by its place in the grid: it covers the voxels from 16 x to
/// 16 x + 15, and so on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ChunkKey {
    pub x: i32,
    pub y: i32,
    pub z: i32,
}

/// Where a body is worked: the origin of the site frame of a large one lies near here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    pub latitude_rad: f64,
    pub longitude_rad: f64,
}

/// What digging does not change about a body; shared between all worlds of a process.
#[derive(Debug)]
pub struct BodyModel {
    choice: BodyChoice,
    record: BodyRecord,
    anchor: Anchor,
    origin_m: DVec3,
    rotation: Rotation,
    /// Of the file, and by how much its vertices were moved.
    mesh_file: Option<(u64, DVec3)>,
    outline: Outline,
    relief: Relief,
    ore: Ore,
    gravity: GravityField,
    neighbourhoods: ChunkCache<Neighbourhood>,
    samples: ChunkCache<Samples>,
    meshes: ChunkCache<ChunkMesh>,
}

impl Anchor {
    fn direction(self) -> DVec3 {
        direction_of(self.latitude_rad, self.longitude_rad)
    }

    fn bits(self) -> [u64; 2] {
        [self.latitude_rad.to_bits(), self.longitude_rad.to_bits()]
    }
}

/// The direction of length one from the centre to a planetocentric latitude and an east longitude.
pub fn direction_of(latitude_rad: f64, longitude_rad: f64) -> DVec3 {
    let (sin_lat, cos_lat) = latitude_rad.sin_cos();
    let (sin_lon, cos_lon) = longitude_rad.sin_cos();
    DVec3::new(cos_lat * cos_lon, cos_lat * sin_lon, sin_lat)
}

impl ChunkKey {
    /// Of the voxel around `p`.
    pub fn containing(p: DVec3) -> Self {
        let chunk_m = VOXEL_M * f64::from(CHUNK_VOXELS);
        let IVec3 { x, y, z } = (p / chunk_m).floor().as_ivec3();
        Self { x, y, z }
    }

    pub fn min_corner_m(self) -> DVec3 {
        let chunk_m = VOXEL_M * f64::from(CHUNK_VOXELS);
        DVec3::new(f64::from(self.x), f64::from(self.y), f64::from(self.z)) * chunk_m
    }

    /// The chunk some steps away.
    pub fn offset(self, [x, y, z]: [i32; 3]) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
            z: self.z + z,
        }
    }
}

impl BodyModel {
    /// The body of the catalogue with this id, its relief and ore from `seed`. A large one is
    /// worked near latitude and longitude zero.
    ///
    /// # Errors
    /// [`BodyError::Unknown`] if the catalogue does not hold it.
    pub fn shared(id: &str, seed: u64) -> Result<Arc<Self>, BodyError> {
        Self::of(&BodyChoice::of(id, seed), Anchor::default())
    }

    /// The body of a level, with the origin of the site frame near `anchor` if the body is large.
    ///
    /// A second call with the same arguments returns the same model as long as the first is in
    /// use and a mesh is still the same file.
    ///
    /// # Errors
    /// [`BodyError`] if there is no such body.
    pub fn of(choice: &BodyChoice, anchor: Anchor) -> Result<Arc<Self>, BodyError> {
        type Models = Mutex<HashMap<(String, [u64; 2]), Weak<BodyModel>>>;
        static MODELS: LazyLock<Models> = LazyLock::new(Mutex::default);

        let mut name = format!("{choice:?}");
        if let BodyChoice::Mesh { file, .. } = choice
            && let Ok(facts) = std::fs::metadata(file)
        {
            name += &format!("{:?} {}", facts.modified().ok(), facts.len());
        }
        // Held while the model is made: another thread that wants it had better wait for it.
        let mut models = MODELS.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = models.entry((name, anchor.bits())).or_default();
        if let Some(model) = slot.upgrade() {
            return Ok(model);
        }
        let model = Self::new(choice, anchor, choice.seed()).map(Arc::new);
        if let Ok(model) = &model {
            *slot = Arc::downgrade(model);
        }
        models.retain(|_, model| model.strong_count() != 0);
        model
    }

    /// The same body with the ore of another seed: what nobody can see without reading the ground.
    /// For experiments on what the world gives away; a save of such a world does not know of it.
    ///
    /// # Errors
    /// [`BodyError`] if there is no such body.
    pub fn with_other_ore(
        choice: &BodyChoice,
        anchor: Anchor,
        ore_seed: u64,
    ) -> Result<Arc<Self>, BodyError> {
        Self::new(choice, anchor, ore_seed).map(Arc::new)
    }

    fn new(choice: &BodyChoice, anchor: Anchor, ore_seed: u64) -> Result<Self, BodyError> {
        let seed = choice.seed();
        let file = match choice {
            BodyChoice::Mesh { file, .. } => Some(mesh_file::read(file)?),
            _ => None,
        };
        let volume_m3 = file.as_ref().map(|file| file.mesh.volume_m3());
        let record = choice.record(anchor, volume_m3)?;
        let mesh_file = file.as_ref().map(|file| (file.digest, file.shift_m));
        let outline = match (choice, file) {
            (BodyChoice::Invented { shape, .. }, _) => {
                invention::outline(*shape, 0.5 * record.diameter_m, seed)
            }
            (BodyChoice::Moon { ground, .. }, _) => {
                // A crater like Shackleton, 21 km wide and 4 km deep (Zuber et al. 2012, Nature
                // 486): from its floor the rim stands twenty degrees high.
                let bowl = (*ground == MoonGround::ShadowedFloor).then(|| Bowl {
                    towards: anchor.direction(),
                    radius_m: 10_500.0,
                    depth_m: 3_900.0,
                    rim_m: 300.0,
                });
                Outline::moon(0.5 * record.diameter_m, bowl)
            }
            (_, Some(file)) => Outline::mesh(file.mesh),
            _ => Outline::of(&record, seed),
        };
        let style = match choice {
            BodyChoice::Mesh { relief: false, .. } => Style::FLAT,
            _ if record.monolith => Style::ROCK,
            BodyChoice::Invented {
                shape: InventedShape::Cratered,
                ..
            } => Style::CRATERED,
            _ if record.composition_class == "lunar_highland" => Style::HIGHLAND,
            _ if record.composition_class.starts_with("lunar") => Style::MARE,
            _ => Style::RUBBLE,
        };
        let rotation = choice.rotation(&record, || outline.inertia_m2());
        let origin_m = if SITE_RADIUS_M < outline.mean_radius_m() {
            let direction = anchor.direction();
            let chunk_m = VOXEL_M * f64::from(CHUNK_VOXELS);
            // Whole chunks, so that the voxels of a body are the same wherever it is worked.
            (direction * outline.rim(direction).radius_m / chunk_m).round() * chunk_m
        } else {
            DVec3::ZERO
        };
        let relief = Relief::new(seed, &outline, style);
        let ore = Ore::new(ore_seed, &record, &outline, relief.boulder_thickness_m());
        let gravity = GravityField::new(
            record.gm_m3_per_s2,
            outline.mean_radius_m(),
            outline.max_radius_m(),
        );
        Ok(Self {
            choice: choice.clone(),
            record,
            anchor,
            origin_m,
            rotation,
            mesh_file,
            outline,
            relief,
            ore,
            gravity,
            neighbourhoods: ChunkCache::new(NEIGHBOURHOODS_KEPT),
            samples: ChunkCache::new(SAMPLES_KEPT),
            meshes: ChunkCache::new(MESHES_KEPT),
        })
    }

    /// What the body was made from.
    pub fn choice(&self) -> &BodyChoice {
        &self.choice
    }

    /// Its facts: a row of the catalogue, or what stands for one.
    pub fn record(&self) -> &BodyRecord {
        &self.record
    }

    /// By how much the vertices of a mesh of the author's own were moved to bring its centre of
    /// mass to the origin.
    pub fn mesh_shift_m(&self) -> Option<DVec3> {
        self.mesh_file.map(|(_, shift_m)| shift_m)
    }

    /// Of the file of a mesh, to know it again.
    pub fn mesh_digest(&self) -> Option<u64> {
        self.mesh_file.map(|(digest, _)| digest)
    }

    /// How it turns, for all times.
    pub fn rotation(&self) -> &Rotation {
        &self.rotation
    }

    /// Whether a ray from a place of the site frame leaves the body at large behind without
    /// meeting it again, from `along_m` on. Ground is left out: it is the outline that the far
    /// side of a crater or another lobe belongs to.
    pub fn leaves_outline(&self, from: DVec3, ray: DVec3, along_m: f64) -> bool {
        let start = self.from_centre(from);
        let mut along_m = along_m;
        loop {
            let p = start + along_m * ray;
            if self.outline.max_radius_m() < p.length() && 0.0 < p.dot(ray) {
                return true;
            }
            let foot = self.outline.foot(p);
            let gap_m = foot.height_m * foot.cosine;
            if gap_m < 0.0 {
                return false;
            }
            along_m += gap_m
                .max(0.03 * along_m)
                .max(0.01 * self.reference_radius_m().min(100.0));
        }
    }

    /// Whether it is a patch of the Moon: whoever goes there knows.
    pub fn is_lunar(&self) -> bool {
        self.record.composition_class.starts_with("lunar")
    }

    pub fn seed(&self) -> u64 {
        self.choice.seed()
    }

    /// Where the body is worked.
    pub fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// From the centre of mass to the origin of the site frame, in body-fixed axes.
    pub fn origin_m(&self) -> DVec3 {
        self.origin_m
    }

    /// From the centre of mass to a place of the site frame: what a radius, a latitude or an
    /// escape speed is made of.
    pub fn from_centre(&self, p: DVec3) -> DVec3 {
        p + self.origin_m
    }

    /// The centre of mass, in the site frame.
    pub fn centre_m(&self) -> DVec3 {
        -self.origin_m
    }

    /// Away from the centre at a place of the site frame, of length one. What stands stands along
    /// [`Terrain::up`].
    pub fn outward(&self, p: DVec3) -> DVec3 {
        self.from_centre(p).normalize_or(DVec3::Z)
    }

    /// Whether a place belongs to the site: what leaves it is lost to those who work there.
    pub fn is_within_reach(&self, p: DVec3) -> bool {
        self.from_centre(p).length() <= REACH_RADII * self.bounding_radius_m()
            && (self.origin_m == DVec3::ZERO || p.length() <= REACH_M)
    }

    /// Latitude and longitude of a place of the site frame: planetocentric, east positive [rad].
    pub fn latitude_longitude_rad(&self, p: DVec3) -> (f64, f64) {
        let direction = self.outward(p);
        (
            direction.z.clamp(-1.0, 1.0).asin(),
            direction.y.atan2(direction.x),
        )
    }

    /// What the ledger opens the body with: GM/G to the gram, or the 4 × 10¹⁵ kg that are more
    /// than anyone digs where the body is larger and 63 bits would not hold it.
    pub fn mass_g(&self) -> i64 {
        const MOST_G: f64 = 4e18;
        let mass_g = self.record.gm_m3_per_s2 / GRAVITATIONAL_CONSTANT * 1e3;
        mass_g.min(MOST_G).round() as i64
    }

    pub fn mu_m3_per_s2(&self) -> f64 {
        self.record.gm_m3_per_s2
    }

    /// At the start, in body-fixed axes; for good, unless the body tumbles. What moves now asks
    /// [`Terrain::spin`].
    pub fn spin_rad_per_s(&self) -> DVec3 {
        self.rotation.start().spin().omega_rad_per_s
    }

    /// Of the sphere with the volume of the outline.
    pub fn reference_radius_m(&self) -> f64 {
        self.outline.mean_radius_m()
    }

    /// No rock is farther from the centre.
    pub fn bounding_radius_m(&self) -> f64 {
        self.outline.max_radius_m() + self.relief.height_max_m()
    }

    /// Radius of the outline, without relief, in a direction from the centre.
    pub fn outline_radius_m(&self, direction: DVec3) -> f64 {
        self.outline.rim(direction).radius_m
    }

    /// Signed distance to the pristine surface; negative inside.
    ///
    /// Up to [`relief::TRUE_DISTANCE_M`] above the ground it is within about 15 % of the true
    /// distance. Farther out and deep inside it is a lower bound of it, good for walking along a
    /// ray: for a height above ground ask [`BodyModel::surface_point`].
    pub fn signed_distance_m(&self, p: DVec3) -> f64 {
        self.lie(self.from_centre(p)).distance_m
    }

    /// The outermost place of the pristine surface in a direction.
    pub fn surface_point(&self, latitude_rad: f64, longitude_rad: f64) -> DVec3 {
        self.surface_towards(direction_of(latitude_rad, longitude_rad))
    }

    /// The outermost place of the pristine surface in a direction of length one from the centre.
    pub fn surface_towards(&self, direction: DVec3) -> DVec3 {
        direction * self.surface_radius_m(direction) - self.origin_m
    }

    /// Radius of the outermost surface in a direction of length one from the centre.
    pub fn surface_radius_m(&self, direction: DVec3) -> f64 {
        self.outermost_m(direction, |from_centre| self.lie(from_centre).distance_m)
    }

    /// How rough the land is at or below a place: 0 in a pond of fine regolith, 1 in a boulder
    /// field. Anyone who looks can see it.
    pub fn roughness_at(&self, p: DVec3) -> f64 {
        self.relief
            .roughness(self.outline.foot(self.from_centre(p)).on)
    }

    /// Outward, of length one; the direction in which the signed distance grows.
    pub fn surface_normal(&self, p: DVec3) -> DVec3 {
        normal_of(p, self.outward(p), |at| self.signed_distance_m(at))
    }

    /// What the pristine ground is at a place. Never shown to a brain.
    pub fn ground_at(&self, p: DVec3) -> Ground {
        let from_centre = self.from_centre(p);
        self.ore.ground(from_centre, self.lie(from_centre))
    }

    /// Gravity of the pristine body, interpolated [m/s²]. Use a `cell` with one body only.
    pub fn gravity_m_s2(&self, p: DVec3, cell: &mut GravityCell) -> DVec3 {
        self.gravity
            .acceleration_m_s2(self.from_centre(p), cell, || self.surface_mesh())
    }

    /// Gravity of the pristine body, not interpolated [m/s²]: slow.
    pub fn exact_gravity_m_s2(&self, p: DVec3) -> DVec3 {
        self.solid().acceleration_m_s2(self.from_centre(p))
    }

    /// Potential of the pristine body, positive [m²/s²]: slow.
    pub fn potential_m2_s2(&self, p: DVec3) -> f64 {
        self.solid()
            .potential_and_acceleration(self.from_centre(p))
            .0
    }

    /// The polyhedron that carries the body's gravity, in metres from the centre of mass.
    pub fn solid(&self) -> &Solid {
        self.gravity.solid(|| self.surface_mesh())
    }

    /// Potential of gravity and spin together over the lowest pass around the body [m²/s²]: what
    /// has less energy than that, in the turning frame, cannot leave for good.
    ///
    /// The pass is the highest of the lows that the rays of the equator go through. Source:
    /// Scheeres et al. (1996), Icarus 121, section 4.2. Zero without spin.
    pub fn pass_potential_m2_s2(&self) -> f64 {
        let spin_rad_per_s = self.spin_rad_per_s().length();
        if spin_rad_per_s == 0.0 {
            return 0.0;
        }
        // Of a point mass it lies where an orbit stands over one place.
        let synchronous_m = (self.mu_m3_per_s2() / spin_rad_per_s.powi(2)).cbrt();
        let solid = self.solid();
        let axis = self.spin_rad_per_s() / spin_rad_per_s;
        let (x, y) = axis.any_orthonormal_pair();
        let low = |longitude: i32| {
            let (sine, cosine) = (f64::from(longitude) * 5.0).to_radians().sin_cos();
            let direction = x * cosine + y * sine;
            let surface_m = solid.exit(direction).map_or(0.0, |exit| exit.radius_m);
            let at = |radius_m: f64| {
                let (potential, _) = solid.potential_and_acceleration(direction * radius_m);
                potential + 0.5 * (spin_rad_per_s * radius_m).powi(2)
            };
            let far_m = 2.0 * synchronous_m.max(surface_m);
            (0..=60)
                .map(|step| surface_m + (far_m - surface_m) * f64::from(step) / 60.0)
                .map(at)
                .fold(f64::INFINITY, f64::min)
        };
        (0..72).map(low).fold(f64::NEG_INFINITY, f64::max)
    }

    /// What is in the ground of the pristine body at a place from the centre of mass, so far below
    /// the surface. Never shown to a brain.
    pub fn grades_at(&self, from_centre: DVec3, depth_m: f64) -> Grades {
        self.ore.grades(from_centre, depth_m)
    }

    /// Mean grades of all that the body is made of. Never shown to a brain.
    pub fn bulk_grades(&self) -> Grades {
        self.ore.bulk_grades(&self.outline)
    }

    /// The surface that the body's gravity belongs to, and that is exported: closed and wound
    /// outwards, in metres from the centre of mass, with [`SURFACE_FACES`] facets. Boulders longer
    /// than the facets are on it.
    pub fn surface_mesh(&self) -> TriangleMesh {
        self.surface_mesh_of((SURFACE_FACES / 20).isqrt())
    }

    /// As [`BodyModel::surface_mesh`], with 20 `subdivisions`² facets, or of a mesh of the author's
    /// own about as many.
    pub fn surface_mesh_of(&self, subdivisions: usize) -> TriangleMesh {
        if let Some(mesh) = self.outline.given_mesh()
            && self.relief.height_max_m() == 0.0
        {
            return mesh.clone();
        }
        // The edge of an icosahedron is about 1.1 radii long.
        let spacing_m = 1.1 * self.outline.max_radius_m() / subdivisions.max(1) as f64;
        let neighbourhoods = ChunkCache::new(NEIGHBOURHOODS_KEPT);
        let boulders = self.relief.has_boulders_over_m(0.8 * spacing_m);
        // Along the line through a place of the outline that goes up from it.
        let place = |on: DVec3| {
            let up = self.outline.foot(on).up;
            let ground_m = self.relief.smooth_height_m(&self.outline, on);
            if !boulders {
                return on + up * ground_m;
            }
            let distance_m = |height_m: f64| {
                let from_centre = on + up * height_m;
                let key = ChunkKey::containing(from_centre - self.origin_m);
                let around = neighbourhoods.get_or_share(key, || {
                    self.relief
                        .neighbourhood(&self.outline, self.middle_of(key), 0.8 * spacing_m)
                });
                self.relief
                    .lie(&self.outline, from_centre, &around)
                    .distance_m
            };
            // Up until no boulder is near, and down to the first rock.
            let mut top_m = ground_m;
            let highest_m = ground_m + self.relief.height_max_m();
            loop {
                let free_m = distance_m(top_m);
                if 3.0 < free_m || highest_m < top_m {
                    break;
                }
                top_m += free_m.max(0.0) + 1.0;
            }
            let lowest_m = ground_m - 0.25 * self.outline.mean_radius_m();
            on + up * crossing(top_m, lowest_m, 1e-3, distance_m).unwrap_or(ground_m)
        };
        let mut mesh = self.outline.as_mesh(subdivisions);
        mesh.vertices_m = in_parallel(&mesh.vertices_m, place);
        mesh
    }

    /// A closed mesh of the pristine surface for far views: an icosahedron whose edges are cut
    /// into `subdivisions` parts, with 10 n² + 2 vertices. Boulders that it cannot show are left
    /// out.
    pub fn far_mesh(&self, subdivisions: usize) -> ChunkMesh {
        surface::shaded(self.centre_m(), &self.surface_mesh_of(subdivisions))
    }

    /// The middle of a chunk, from the centre of mass.
    fn middle_of(&self, key: ChunkKey) -> DVec3 {
        let half_m = 0.5 * VOXEL_M * f64::from(CHUNK_VOXELS);
        self.from_centre(key.min_corner_m() + DVec3::splat(half_m))
    }

    /// The pristine surface within `reach_m` of a place of the site frame, as it shows to one who
    /// tells nothing apart that is smaller than `smallest_m`.
    pub fn seen_from_afar(&self, centre: DVec3, reach_m: f64, smallest_m: f64) -> FromAfar<'_> {
        let centre = self.from_centre(centre);
        FromAfar {
            sights: self
                .relief
                .sights(&self.outline, centre, reach_m, smallest_m),
            smallest_m,
            model: self,
        }
    }

    /// Whether the pristine surface may pass through a chunk: cheap, and never wrong where it
    /// says no.
    pub fn chunk_may_hold_surface(&self, key: ChunkKey) -> bool {
        let half_m = 0.5 * VOXEL_M * f64::from(CHUNK_VOXELS);
        let centre = self.middle_of(key);
        let radial_m = self.outline.foot(centre).height_m;
        // The corners of the chunk see another radius than its centre: the outlines of the
        // tables are nowhere steeper than about 45°.
        let reach_m = 2.5 * half_m * 3f64.sqrt();
        radial_m.abs() < self.relief.height_max_m() + reach_m
    }

    /// The pristine surface within a chunk.
    pub fn chunk_mesh(&self, key: ChunkKey) -> Arc<ChunkMesh> {
        self.meshes.get_or_share(key, || {
            if self.chunk_may_hold_surface(key) {
                mesh_of(key, &self.sample(key))
            } else {
                ChunkMesh {
                    origin_m: key.min_corner_m(),
                    ..ChunkMesh::default()
                }
            }
        })
    }

    /// Radius at which a distance first falls below zero, coming from far out.
    fn outermost_m(&self, direction: DVec3, distance: impl Fn(DVec3) -> f64) -> f64 {
        let rim_m = self.outline.rim(direction).radius_m;
        let range_m = self.relief.height_max_m();
        let (from_m, to_m) = if self.outline.is_star() {
            (rim_m + range_m, rim_m - range_m)
        } else {
            (1.001 * self.bounding_radius_m() + 0.01, 0.0)
        };
        if from_m <= to_m {
            return rim_m;
        }
        first_crossing(from_m, to_m, |radius_m| distance(direction * radius_m)).unwrap_or(rim_m)
    }

    /// Pristine distances at the voxels of a padded chunk.
    fn samples(&self, key: ChunkKey) -> Arc<Samples> {
        self.samples.get_or_share(key, || self.sample(key))
    }

    fn sample(&self, key: ChunkKey) -> Samples {
        let around = self.neighbourhood(key);
        let mut samples = [0.0; surface::SAMPLES];
        for (sample, voxel) in samples.iter_mut().zip(padded_voxels()) {
            let lie = self.relief.lie(
                &self.outline,
                self.from_centre(voxel_centre_m(key, voxel)),
                &around,
            );
            *sample = lie.distance_m as f32;
        }
        samples
    }

    fn lie(&self, from_centre: DVec3) -> Lie {
        let around = self.neighbourhood(ChunkKey::containing(from_centre - self.origin_m));
        self.relief.lie(&self.outline, from_centre, &around)
    }

    fn neighbourhood(&self, key: ChunkKey) -> Arc<Neighbourhood> {
        self.neighbourhoods.get_or_share(key, || {
            self.relief
                .neighbourhood(&self.outline, self.middle_of(key), 0.0)
        })
    }
}

/// A part of a body without what is small: for drawing, not for standing on.
#[derive(Clone, Debug)]
pub struct FromAfar<'a> {
    model: &'a BodyModel,
    sights: Neighbourhood,
    smallest_m: f64,
}

impl FromAfar<'_> {
    /// About the distance to the surface from a place of the site frame; negative inside.
    pub fn signed_distance_m(&self, p: DVec3) -> f64 {
        let Self { model, sights, .. } = self;
        model.relief.distance_from_afar_m(
            &model.outline,
            model.from_centre(p),
            sights,
            self.smallest_m,
        )
    }
}

/// The first radius, going from `from_m` to `to_m`, at which `distance` falls below zero.
///
/// The steps are a little shorter than the distance, which is not exact, and never so short that
/// a grazed boulder stops the walk.
fn first_crossing(from_m: f64, to_m: f64, distance: impl Fn(f64) -> f64) -> Option<f64> {
    crossing(from_m, to_m, 1e-9, distance)
}

/// [`first_crossing`] to within `exact_m`.
fn crossing(from_m: f64, to_m: f64, exact_m: f64, distance: impl Fn(f64) -> f64) -> Option<f64> {
    let way = (to_m - from_m).signum();
    let mut outer_m = from_m;
    let mut here_m = distance(outer_m);
    if here_m < 0.0 {
        return None;
    }
    let mut inner_m = loop {
        let next_m = outer_m + way * (0.8 * here_m).max(0.05);
        here_m = distance(next_m);
        if here_m < 0.0 {
            break next_m;
        }
        if 0.0 <= (next_m - to_m) * way {
            return None;
        }
        outer_m = next_m;
    };
    for _ in 0..40 {
        let middle_m = 0.5 * (outer_m + inner_m);
        if distance(middle_m) < 0.0 {
            inner_m = middle_m;
        } else {
            outer_m = middle_m;
        }
        if (outer_m - inner_m).abs() < exact_m {
            break;
        }
    }
    Some(outer_m)
}

/// Gradient of a signed distance by central differences, of length one; `outward` where it is flat.
fn normal_of(p: DVec3, outward: DVec3, distance: impl Fn(DVec3) -> f64) -> DVec3 {
    // About the size of a voxel, so that the normal is that of the mesh, not of its grains.
    let step_m = 0.25;
    let slope = |axis: DVec3| distance(p + axis * step_m) - distance(p - axis * step_m);
    DVec3::new(slope(DVec3::X), slope(DVec3::Y), slope(DVec3::Z)).normalize_or(outward)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::outline::even_directions;
    use super::*;

    #[test]
    fn every_body_of_the_catalogue_can_be_stood_on() {
        for record in catalogue::bodies() {
            let body = BodyModel::of(&BodyChoice::of(&record.id, 3), Anchor::default()).unwrap();
            let place = body.surface_point(0.3, 1.0);
            assert!(place.is_finite(), "{}", record.id);
            let from_centre = body.from_centre(place);
            assert!(
                from_centre.length() <= body.bounding_radius_m(),
                "{}",
                record.id
            );
            let up = from_centre.normalize();
            let step_m = 0.02 * body.reference_radius_m();
            assert!(
                body.signed_distance_m(place - up * step_m) < 0.0,
                "{}",
                record.id
            );
            assert!(
                0.0 < body.signed_distance_m(place + up * step_m),
                "{}",
                record.id
            );
            let ground = body.ground_at(place - up * 0.3);
            assert!(0.0 < ground.bulk_density_kg_m3 && ground.water_fraction.is_finite());
            assert!(0 < body.mass_g());
        }
    }

    #[test]
    fn a_second_world_shares_the_body() {
        let first = BodyModel::shared("ryugu", 5).unwrap();
        let second = BodyModel::shared("ryugu", 5).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(
            &first,
            &BodyModel::shared("ryugu", 6).unwrap()
        ));
        assert!(BodyModel::shared("benu", 5).is_err());
    }

    #[test]
    fn nothing_is_outside_the_bounding_radius() {
        let bennu = BodyModel::shared("bennu", 7).unwrap();
        for direction in even_directions(300) {
            let radius_m = bennu.surface_radius_m(direction);
            assert!(radius_m <= bennu.bounding_radius_m());
            let outside = direction * bennu.bounding_radius_m();
            assert!(0.0 < bennu.signed_distance_m(outside));
        }
    }

    #[test]
    fn meshes_of_neighbours_meet_and_lie_on_the_surface() {
        let bennu = BodyModel::shared("bennu", 7).unwrap();
        let key = ChunkKey::containing(bennu.surface_point(0.2, 0.4));
        // A side that is not used once in each direction lies on the border of the cluster.
        let mut sides: BTreeMap<[[i64; 3]; 2], i32> = BTreeMap::new();
        let mut vertices: HashMap<[i64; 3], DVec3> = HashMap::new();
        let mut corners = 0;
        for x in -1..=1 {
            for y in -1..=1 {
                for z in -1..=1 {
                    let mesh = bennu.chunk_mesh(key.offset([x, y, z]));
                    let places: Vec<DVec3> = mesh
                        .positions
                        .iter()
                        .map(|p| mesh.origin_m + bevy::math::Vec3::from(*p).as_dvec3())
                        .collect();
                    // A net has one vertex in each of its cells, whichever chunk finds it.
                    let named = |v: u32| (places[v as usize] - 0.5).floor().as_i64vec3().to_array();
                    for (vertex, &place) in places.iter().enumerate() {
                        let known = *vertices.entry(named(vertex as u32)).or_insert(place);
                        assert!(known.distance(place) < 1e-5, "{known} and {place}");
                    }
                    for triangle in mesh.indices.chunks_exact(3) {
                        for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                            let (from, to) = (named(triangle[a]), named(triangle[b]));
                            *sides.entry([from.min(to), from.max(to)]).or_default() +=
                                if from < to { 1 } else { -1 };
                        }
                    }
                    for (place, normal) in places.iter().zip(&mesh.normals) {
                        corners += 1;
                        assert!(bennu.signed_distance_m(*place).abs() < 0.7);
                        let normal = bevy::math::Vec3::from(*normal);
                        assert!((normal.length() - 1.0).abs() < 1e-4);
                    }
                }
            }
        }
        assert!(200 < corners);
        let (low, high) = (
            key.offset([-1; 3]).min_corner_m() + 1.0,
            key.offset([2; 3]).min_corner_m() - 1.0,
        );
        for (side, count) in sides {
            let ends = side.map(|name| vertices[&name]);
            let inside = ends
                .iter()
                .all(|p| low.cmplt(*p).all() && p.cmplt(high).all());
            assert!(!inside || count == 0, "the mesh is open at {ends:?}");
        }
    }

    #[test]
    fn the_far_mesh_is_closed_and_encloses_the_body() {
        let bennu = BodyModel::shared("bennu", 7).unwrap();
        let mesh = bennu.far_mesh(6);
        assert_eq!(mesh.origin_m, bennu.centre_m());
        let triangles = bennu.surface_mesh_of(6);
        assert_eq!(mesh.positions.len(), triangles.vertices_m.len());
        triangles.check().unwrap();
        let sphere_m3 = 4.0 / 3.0 * std::f64::consts::PI * bennu.reference_radius_m().powi(3);
        // Flat facets between places of the surface cut off a little.
        let ratio = triangles.volume_m3() / sphere_m3;
        assert!((0.95..1.01).contains(&ratio), "{ratio}");
        assert!(triangles.centroid_m().length() < 3.0);
    }
}
