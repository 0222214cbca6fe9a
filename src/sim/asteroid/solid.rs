//! A closed mesh of constant density as a tree: its gravity and its nearest point, fast.
//!
//! The exact field of a polyhedron ([`super::polyhedron`]) costs time proportional to its facets.
//! Here near facets are integrated exactly and far ones by the moments of groups of them, so that
//! a place near a mesh of tens of thousands of facets costs tens of microseconds.
//!
//! By the theorem of Gauss the attraction is a sum over the surface, g = −Gρ ∮ n/|r−x| dS, and the
//! potential is U = ½Gρ ∮ n·(r−x)/|r−x| dS. For a flat facet both need the one integral
//! I = ∫ dS/|r−x| = Σₑ (mₑ·rₑ) Lₑ − (n·r) ω with the terms of Werner and Scheeres (1996): the
//! outward normal mₑ of an edge within the plane, the logarithm Lₑ and the solid angle ω. A group
//! is expanded about its middle to second order in its size over the distance (Barnes and Hut
//! 1986 with vector charges).

use bevy::math::{DMat3, DVec3};

use super::GRAVITATIONAL_CONSTANT;
use super::polyhedron::{MeshError, TriangleMesh, edge_logarithm, face_solid_angle};

/// A group is expanded where its radius is less than this part of its distance.
const OPENING: f64 = 0.25;
/// A facet is expanded by itself where its radius is less than this part of its distance.
const FACET_OPENING: f64 = 0.2;
/// Facets of a group that is not split further.
const LEAF: usize = 6;

/// A closed mesh of constant density, prepared for many places.
#[derive(Clone, Debug)]
pub struct Solid {
    /// In the order of the tree.
    facets: Vec<Facet>,
    /// The first is the whole; both halves of a group follow it, as `split` says.
    groups: Vec<Group>,
    g_rho_per_s2: f64,
    volume_m3: f64,
    centroid_m: DVec3,
    /// Traceless second moments of mass about the centroid, by mass [m²].
    quadrupole_m2: DMat3,
}

#[derive(Clone, Copy, Debug)]
struct Facet {
    corners: [DVec3; 3],
    normal: DVec3,
    centre: DVec3,
    radius2_m2: f64,
    area_m2: f64,
    /// Place in the mesh that was given.
    face: u32,
}

/// Facets that lie together.
#[derive(Clone, Copy, Debug)]
struct Group {
    centre: DVec3,
    radius_m: f64,
    first: u32,
    count: u32,
    /// Index of the second half; the first is the next group. Zero for a group without halves.
    split: u32,
    /// ∫ n dS, ∫ n (r−c) dS and ∫ n (r−c)(r−c) dS, by component of n.
    charge: DVec3,
    dipole: DMat3,
    quadrupole: [Symmetric; 3],
    /// The same of the scalar n·(r−c).
    depth_charge: f64,
    depth_dipole: DVec3,
    depth_quadrupole: Symmetric,
}

/// A symmetric matrix: xx, yy, zz, xy, xz, yz.
#[derive(Clone, Copy, Debug, Default)]
struct Symmetric([f64; 6]);

/// The place of a mesh that is nearest to a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    pub point_m: DVec3,
    /// Positive outside.
    pub distance_m: f64,
    /// Of the face that it lies on, outward.
    pub normal: DVec3,
    /// Index in the mesh.
    pub face: usize,
}

impl Symmetric {
    fn add_outer(&mut self, v: DVec3, weight: f64) {
        let w = v * weight;
        for (sum, term) in self.0.iter_mut().zip([
            w.x * v.x,
            w.y * v.y,
            w.z * v.z,
            w.x * v.y,
            w.x * v.z,
            w.y * v.z,
        ]) {
            *sum += term;
        }
    }

    fn scaled_add(&mut self, other: &Self, weight: f64) {
        for (sum, term) in self.0.iter_mut().zip(other.0) {
            *sum += term * weight;
        }
    }

    fn trace(&self) -> f64 {
        self.0[0] + self.0[1] + self.0[2]
    }

    /// d·M·d
    fn form(&self, d: DVec3) -> f64 {
        let [xx, yy, zz, xy, xz, yz] = self.0;
        xx * d.x * d.x
            + yy * d.y * d.y
            + zz * d.z * d.z
            + 2.0 * (xy * d.x * d.y + xz * d.x * d.z + yz * d.y * d.z)
    }
}

impl Solid {
    /// # Errors
    /// Those of [`TriangleMesh::check`].
    pub fn new(mesh: &TriangleMesh, density_kg_m3: f64) -> Result<Self, MeshError> {
        mesh.check()?;
        let mut facets: Vec<Facet> = (0..)
            .zip(mesh.corners_of_faces())
            .map(|(face, corners)| Facet::new(face, corners))
            .collect();
        let mut groups = Vec::with_capacity(2 * facets.len() / LEAF + 1);
        build(&mut facets, 0, &mut groups);
        let volume_m3 = mesh.volume_m3();
        let centroid_m = mesh.centroid_m();
        let [xx, yy, zz, xy, xz, yz] = mesh.second_moments_m5().map(|m| m / volume_m3);
        let c = centroid_m;
        let (xx, yy, zz) = (xx - c.x * c.x, yy - c.y * c.y, zz - c.z * c.z);
        let (xy, xz, yz) = (xy - c.x * c.y, xz - c.x * c.z, yz - c.y * c.z);
        let third = (xx + yy + zz) / 3.0;
        Ok(Self {
            facets,
            groups,
            g_rho_per_s2: GRAVITATIONAL_CONSTANT * density_kg_m3,
            volume_m3,
            centroid_m,
            quadrupole_m2: DMat3::from_cols(
                DVec3::new(xx - third, xy, xz),
                DVec3::new(xy, yy - third, yz),
                DVec3::new(xz, yz, zz - third),
            ),
        })
    }

    pub fn volume_m3(&self) -> f64 {
        self.volume_m3
    }

    /// Centre of mass.
    pub fn centroid_m(&self) -> DVec3 {
        self.centroid_m
    }

    /// Traceless second moments of mass about the centre of mass, by mass [m²].
    pub fn quadrupole_m2(&self) -> DMat3 {
        self.quadrupole_m2
    }

    pub fn density_kg_m3(&self) -> f64 {
        self.g_rho_per_s2 / GRAVITATIONAL_CONSTANT
    }

    /// G times the density [1/s²].
    pub fn g_rho_per_s2(&self) -> f64 {
        self.g_rho_per_s2
    }

    /// Gravity [m/s²]: within about 10⁻⁴ of that of the polyhedron.
    pub fn acceleration_m_s2(&self, p: DVec3) -> DVec3 {
        self.sums::<false>(p).0 * -self.g_rho_per_s2
    }

    /// Potential, positive [m²/s²], and gravity [m/s²].
    pub fn potential_and_acceleration(&self, p: DVec3) -> (f64, DVec3) {
        let (pull, potential) = self.sums::<true>(p);
        (
            0.5 * self.g_rho_per_s2 * potential,
            pull * -self.g_rho_per_s2,
        )
    }

    /// Σ n I and, if wanted, Σ (n·r) I.
    fn sums<const POTENTIAL: bool>(&self, p: DVec3) -> (DVec3, f64) {
        let mut pull = DVec3::ZERO;
        let mut potential = 0.0;
        let mut index = 0;
        // The sum over the whole surface cancels the more the farther one is: the terms of the
        // expansion that remain are the last ones.
        let whole = &self.groups[0];
        let nearness = whole.radius_m / whole.centre.distance(p).max(whole.radius_m);
        let opening2 = (OPENING * nearness).powi(2);
        // Pre-order: a group that is done with is followed by its next sibling or uncle.
        let mut pending = [0_u32; 64];
        let mut waiting = 0;
        loop {
            let group = &self.groups[index];
            let arm = group.centre - p;
            let apart2_m2 = arm.length_squared();
            if group.radius_m * group.radius_m < opening2 * apart2_m2 {
                let (term, depth) = group.sums::<POTENTIAL>(arm, apart2_m2);
                pull += term;
                if POTENTIAL {
                    potential += depth + arm.dot(term);
                }
            } else if group.split == 0 {
                let first = group.first as usize;
                for facet in &self.facets[first..first + group.count as usize] {
                    let integral = facet.integral_m(p);
                    pull += facet.normal * integral;
                    if POTENTIAL {
                        potential += facet.normal.dot(facet.centre - p) * integral;
                    }
                }
            } else {
                pending[waiting] = group.split;
                waiting += 1;
                index += 1;
                continue;
            }
            if waiting == 0 {
                return (pull, potential);
            }
            waiting -= 1;
            index = pending[waiting] as usize;
        }
    }

    /// The nearest place of the surface.
    pub fn nearest(&self, p: DVec3) -> Nearest {
        self.nearest_within(p, f64::INFINITY)
            .expect("a closed mesh has faces")
    }

    /// The nearest place of the surface, if it is nearer than `reach_m`.
    pub fn nearest_within(&self, p: DVec3, reach_m: f64) -> Option<Nearest> {
        let mut best: Option<(f64, f64, Nearest)> = None;
        let mut limit2_m2 = reach_m * reach_m;
        let mut pending = vec![0_usize];
        while let Some(index) = pending.pop() {
            let group = &self.groups[index];
            let bound_m = group.centre.distance(p) - group.radius_m;
            if 0.0 < bound_m && limit2_m2 < bound_m * bound_m {
                continue;
            }
            if group.split != 0 {
                let halves = [index + 1, group.split as usize];
                let far = |&half: &usize| {
                    let half = &self.groups[half];
                    half.centre.distance(p) - half.radius_m
                };
                // The nearer half last, so that it comes first.
                if far(&halves[0]) < far(&halves[1]) {
                    pending.extend([halves[1], halves[0]]);
                } else {
                    pending.extend(halves);
                }
                continue;
            }
            let first = group.first as usize;
            for facet in &self.facets[first..first + group.count as usize] {
                let point_m = nearest_of_triangle(p, facet.corners);
                let apart = p - point_m;
                let apart2_m2 = apart.length_squared();
                let side = apart.dot(facet.normal);
                // On an edge several faces are equally near: the one that looks most straight at
                // the point tells on which side it is.
                let better = match &best {
                    None => apart2_m2 <= limit2_m2,
                    Some((best2_m2, best_side, _)) => {
                        let margin_m2 = 1e-9 * best2_m2;
                        apart2_m2 < best2_m2 - margin_m2
                            || (apart2_m2 <= best2_m2 + margin_m2 && best_side.abs() < side.abs())
                    }
                };
                if better {
                    let distance_m = apart2_m2.sqrt();
                    best = Some((
                        apart2_m2,
                        side,
                        Nearest {
                            point_m,
                            distance_m: if side < 0.0 { -distance_m } else { distance_m },
                            normal: facet.normal,
                            face: facet.face as usize,
                        },
                    ));
                    limit2_m2 = apart2_m2 * (1.0 + 2e-9);
                }
            }
        }
        best.map(|(_, _, nearest)| nearest)
    }
}

/// Where a ray from the origin leaves the body for good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exit {
    pub radius_m: f64,
    /// Index in the mesh.
    pub face: usize,
    /// Weights of the corners of the face.
    pub weights: [f64; 3],
}

impl Solid {
    /// The outermost place of the surface in a direction of length one from the origin; None if
    /// the ray meets no face.
    pub fn exit(&self, direction: DVec3) -> Option<Exit> {
        let mut best: Option<Exit> = None;
        let mut pending = vec![0_usize];
        while let Some(index) = pending.pop() {
            let group = &self.groups[index];
            let along_m = group.centre.dot(direction);
            let aside2_m2 = group.centre.length_squared() - along_m * along_m;
            let outmost_m = best.map_or(0.0, |exit| exit.radius_m);
            if group.radius_m * group.radius_m * (1.0 + 1e-9) < aside2_m2
                || along_m + group.radius_m < outmost_m
            {
                continue;
            }
            if group.split != 0 {
                pending.extend([group.split as usize, index + 1]);
                continue;
            }
            let first = group.first as usize;
            for facet in &self.facets[first..first + group.count as usize] {
                let [a, b, c] = facet.corners;
                // Volumes of the tetrahedra between the ray and the sides; a little is allowed,
                // so that no ray slips between two faces.
                let volumes = [
                    direction.dot(b.cross(c)),
                    direction.dot(c.cross(a)),
                    direction.dot(a.cross(b)),
                ];
                let whole: f64 = volumes.iter().sum();
                if whole <= 0.0 || volumes.iter().any(|volume| *volume < -1e-9 * whole) {
                    continue;
                }
                let weights = volumes.map(|volume| volume / whole);
                let place = a * weights[0] + b * weights[1] + c * weights[2];
                let radius_m = place.dot(direction);
                if best.is_none_or(|exit| exit.radius_m < radius_m) && 0.0 < radius_m {
                    best = Some(Exit {
                        radius_m,
                        face: facet.face as usize,
                        weights,
                    });
                }
            }
        }
        best
    }
}

impl Facet {
    fn new(face: u32, corners: [DVec3; 3]) -> Self {
        let [a, b, c] = corners;
        let centre = (a + b + c) / 3.0;
        let area_vector = (b - a).cross(c - a);
        Self {
            corners,
            normal: area_vector.normalize(),
            centre,
            radius2_m2: corners
                .iter()
                .map(|v| v.distance_squared(centre))
                .fold(0.0, f64::max),
            area_m2: 0.5 * area_vector.length(),
            face,
        }
    }

    /// ∫ dS/|r−p|
    fn integral_m(&self, p: DVec3) -> f64 {
        let arm = self.centre - p;
        let apart2_m2 = arm.length_squared();
        if self.radius2_m2 < FACET_OPENING * FACET_OPENING * apart2_m2 {
            // Second moments about the centroid: area/12 times the sum over the corners.
            let (mut form, mut trace) = (0.0, 0.0);
            for corner in self.corners {
                let w = corner - self.centre;
                form += arm.dot(w).powi(2);
                trace += w.length_squared();
            }
            let shape = (3.0 * form - apart2_m2 * trace) / (24.0 * apart2_m2 * apart2_m2);
            return self.area_m2 / apart2_m2.sqrt() * (1.0 + shape);
        }
        let arms = self.corners.map(|corner| {
            let arm = corner - p;
            (arm, arm.length())
        });
        let mut sum = 0.0;
        for (i, j) in [(0, 1), (1, 2), (2, 0)] {
            let ((a, a_m), (b, b_m)) = (arms[i], arms[j]);
            let along = b - a;
            let length_m = along.length();
            let outward = along.cross(self.normal) / length_m;
            sum += outward.dot(a) * edge_logarithm(a, a_m, b, b_m, length_m);
        }
        let [(a, a_m), (b, b_m), (c, c_m)] = arms;
        sum - self.normal.dot(a) * face_solid_angle(a, a_m, b, b_m, c, c_m)
    }
}

impl Group {
    /// Moments of some facets about the middle of their box.
    fn of(facets: &[Facet], first: usize) -> Self {
        let corners = || facets.iter().flat_map(|facet| facet.corners);
        let low = corners().fold(DVec3::INFINITY, DVec3::min);
        let high = corners().fold(DVec3::NEG_INFINITY, DVec3::max);
        let centre = 0.5 * (low + high);
        let radius2_m2 = corners()
            .map(|corner| corner.distance_squared(centre))
            .fold(0.0, f64::max);
        let mut group = Self {
            centre,
            radius_m: radius2_m2.sqrt(),
            first: first as u32,
            count: facets.len() as u32,
            split: 0,
            charge: DVec3::ZERO,
            dipole: DMat3::ZERO,
            quadrupole: [Symmetric::default(); 3],
            depth_charge: 0.0,
            depth_dipole: DVec3::ZERO,
            depth_quadrupole: Symmetric::default(),
        };
        for facet in facets {
            let n = facet.normal;
            let area_m2 = facet.area_m2;
            let first_moment = (facet.centre - centre) * area_m2;
            let mut second = Symmetric::default();
            let mut sum = DVec3::ZERO;
            for corner in facet.corners {
                let w = corner - centre;
                sum += w;
                second.add_outer(w, area_m2 / 12.0);
            }
            second.add_outer(sum, area_m2 / 12.0);
            let depth_m = n.dot(facet.corners[0] - centre);
            group.charge += n * area_m2;
            // Columns by component of n.
            group.dipole +=
                DMat3::from_cols(first_moment * n.x, first_moment * n.y, first_moment * n.z);
            for (quadrupole, part) in group.quadrupole.iter_mut().zip(n.to_array()) {
                quadrupole.scaled_add(&second, part);
            }
            group.depth_charge += depth_m * area_m2;
            group.depth_dipole += first_moment * depth_m;
            group.depth_quadrupole.scaled_add(&second, depth_m);
        }
        group
    }

    /// ∫ n/|r−p| dS and, if wanted, ∫ n·(r−c)/|r−p| dS, for `arm` = c − p.
    fn sums<const POTENTIAL: bool>(&self, arm: DVec3, apart2_m2: f64) -> (DVec3, f64) {
        let inverse = apart2_m2.sqrt().recip();
        let inverse2 = inverse * inverse;
        let inverse3 = inverse * inverse2;
        let half5 = 0.5 * inverse3 * inverse2;
        let quadrupole = |q: &Symmetric| (3.0 * q.form(arm) - apart2_m2 * q.trace()) * half5;
        let dipole = DVec3::new(
            self.dipole.x_axis.dot(arm),
            self.dipole.y_axis.dot(arm),
            self.dipole.z_axis.dot(arm),
        );
        let [x, y, z] = &self.quadrupole;
        let pull = self.charge * inverse - dipole * inverse3
            + DVec3::new(quadrupole(x), quadrupole(y), quadrupole(z));
        let depth = if POTENTIAL {
            self.depth_charge * inverse - self.depth_dipole.dot(arm) * inverse3
                + quadrupole(&self.depth_quadrupole)
        } else {
            0.0
        };
        (pull, depth)
    }
}

/// Puts `facets` in the order of a tree and appends its groups.
fn build(facets: &mut [Facet], first: usize, groups: &mut Vec<Group>) {
    let index = groups.len();
    let group = Group::of(facets, first);
    groups.push(group);
    if facets.len() <= LEAF {
        return;
    }
    let centres = || facets.iter().map(|facet| facet.centre);
    let size = centres().fold(DVec3::NEG_INFINITY, DVec3::max)
        - centres().fold(DVec3::INFINITY, DVec3::min);
    let axis = (0..3)
        .max_by(|&a, &b| size[a].total_cmp(&size[b]))
        .unwrap_or(0);
    let middle = facets.len() / 2;
    facets.select_nth_unstable_by(middle, |one, other| {
        (one.centre[axis].total_cmp(&other.centre[axis])).then(one.face.cmp(&other.face))
    });
    let (near, far) = facets.split_at_mut(middle);
    build(near, first, groups);
    groups[index].split = groups.len() as u32;
    build(far, first + middle, groups);
}

/// The place of a triangle that is nearest to `p` (Ericson 2005, Real-Time Collision Detection,
/// section 5.1.5).
fn nearest_of_triangle(p: DVec3, [a, b, c]: [DVec3; 3]) -> DVec3 {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return a;
    }
    let bp = p - b;
    let (d3, d4) = (ab.dot(bp), ac.dot(bp));
    if 0.0 <= d3 && d4 <= d3 {
        return b;
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && 0.0 <= d1 && d3 <= 0.0 {
        return a + ab * (d1 / (d1 - d3));
    }
    let cp = p - c;
    let (d5, d6) = (ab.dot(cp), ac.dot(cp));
    if 0.0 <= d6 && d5 <= d6 {
        return c;
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && 0.0 <= d2 && d6 <= 0.0 {
        return a + ac * (d2 / (d2 - d6));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && 0.0 <= d4 - d3 && 0.0 <= d5 - d6 {
        return b + (c - b) * ((d4 - d3) / ((d4 - d3) + (d5 - d6)));
    }
    let scale = (va + vb + vc).recip();
    a + ab * (vb * scale) + ac * (vc * scale)
}

#[cfg(test)]
mod tests {
    use super::super::outline::even_directions;
    use super::super::polyhedron::Polyhedron;
    use super::super::surface::sphere_mesh;
    use super::*;

    /// A lumpy, two-lobed body of about 100 m.
    fn lumpy() -> TriangleMesh {
        let (directions, faces) = sphere_mesh(14);
        let vertices_m = directions
            .into_iter()
            .map(|d| {
                let lobes = 60.0 + 45.0 * d.x * d.x;
                d * (lobes + 3.0 * (9.0 * d.y + 5.0 * d.z).sin() + 12.0 * d.z * d.x)
            })
            .collect();
        TriangleMesh { vertices_m, faces }
    }

    #[test]
    fn the_tree_agrees_with_the_polyhedron_inside_outside_and_on_the_surface() {
        let mesh = lumpy();
        let exact = Polyhedron::new(&mesh, 1_900.0).unwrap();
        let tree = Solid::new(&mesh, 1_900.0).unwrap();
        assert!((tree.volume_m3() / exact.volume_m3() - 1.0).abs() < 1e-12);
        let scale = exact.field_at(DVec3::new(120.0, 0.0, 0.0));
        let scale_m_s2 = scale.acceleration_m_per_s2.length();
        for (index, direction) in even_directions(60).enumerate() {
            let face = mesh.faces[index * 60].map(|v| mesh.vertices_m[v as usize]);
            let on_face = (face[0] + face[1] + face[2]) / 3.0;
            for p in [
                on_face,
                face[0],
                0.5 * (face[0] + face[1]),
                on_face + direction,
                on_face * 0.9,
                direction * 130.0,
                direction * 700.0,
            ] {
                let truth = exact.field_at(p);
                let (potential, g) = tree.potential_and_acceleration(p);
                assert_eq!(g, tree.acceleration_m_s2(p));
                let error = (g - truth.acceleration_m_per_s2).length();
                let size = truth.acceleration_m_per_s2.length();
                assert!(
                    error < 4e-4 * size + 1e-4 * scale_m_s2.min(size * 3.0),
                    "{p}: {error}"
                );
                let off = potential / truth.potential_m2_per_s2 - 1.0;
                assert!(off.abs() < 4e-4, "{p}: {off}");
            }
        }
    }

    #[test]
    fn a_ray_leaves_the_body_on_its_surface() {
        let mesh = lumpy();
        let tree = Solid::new(&mesh, 1_900.0).unwrap();
        for direction in even_directions(200).chain(DVec3::AXES) {
            let exit = tree.exit(direction).unwrap();
            let place = direction * exit.radius_m;
            assert!(tree.nearest(place).distance_m.abs() < 1e-9 * exit.radius_m);
            let corners = mesh.faces[exit.face].map(|v| mesh.vertices_m[v as usize]);
            let mixed: DVec3 = corners.iter().zip(exit.weights).map(|(c, w)| *c * w).sum();
            assert!(mixed.distance(place) < 1e-9 * exit.radius_m);
        }
    }

    #[test]
    fn the_nearest_place_is_the_nearest_and_knows_its_side() {
        let mesh = lumpy();
        let exact = Polyhedron::new(&mesh, 1_900.0).unwrap();
        let tree = Solid::new(&mesh, 1_900.0).unwrap();
        for (index, direction) in even_directions(200).enumerate() {
            let p = direction * (30.0 + (index * 37 % 100) as f64);
            let nearest = tree.nearest(p);
            let brute = mesh
                .corners_of_faces()
                .map(|corners| nearest_of_triangle(p, corners).distance(p))
                .fold(f64::INFINITY, f64::min);
            assert!((nearest.distance_m.abs() - brute).abs() < 1e-9 * brute);
            assert_eq!(nearest.distance_m < 0.0, exact.field_at(p).inside, "{p}");
            assert!(tree.nearest_within(p, 0.99 * brute).is_none());
            assert_eq!(tree.nearest_within(p, 1.01 * brute), Some(nearest));
        }
    }
}
