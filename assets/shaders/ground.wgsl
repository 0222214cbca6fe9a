// Regolith and rock of a dark, airless body. See src/client/view/ground.rs for the rubble tile.
//
// The relief below a voxel comes from one tile laid along three axes at three scales. Light: mostly
// Lommel and Seeliger's law for a dark porous surface, which has no gloss and no limb darkening at
// full phase, with an opposition surge (Hapke, Theory of Reflectance and Emittance Spectroscopy).

#import bevy_pbr::{
    forward_io::VertexOutput,
    mesh_view_bindings as view_bindings,
    shadows::fetch_directional_shadow,
}
#ifdef TONEMAP_IN_SHADER
#import bevy_core_pipeline::tonemapping::tone_mapping
#endif

struct GroundLook {
    albedo: vec3<f32>,
    relief: f32,
    fresh_albedo: vec3<f32>,
    spare: f32,
}

// A chart of estimates on the ground: see ChartLook in src/client/view/ground.rs.
struct ChartLook {
    centre_m: vec3<f32>,
    span_m: f32,
    east: vec3<f32>,
    strength: f32,
    north: vec3<f32>,
    shows_doubt: f32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> look: GroundLook;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var rubble: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var rubble_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var<uniform> chart: ChartLook;
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var estimates: texture_2d<f32>;

// What a layer of rubble does to the ground: slope in the world, tone and openness.
struct Layer {
    slope: vec3<f32>,
    tone: f32,
    open: f32,
}

// Rotations that no two layers share, so that their grids never line up.
const TURN_FINE = mat3x3<f32>(0.8138, 0.4698, -0.3420, -0.5438, 0.8232, -0.1632, 0.2049, 0.3188, 0.9254);
const TURN_MID = mat3x3<f32>(0.3536, 0.9268, 0.1268, -0.6124, 0.1268, 0.7803, 0.7071, -0.3536, 0.6124);
const TURN_WIDE = mat3x3<f32>(-0.1632, 0.5438, 0.8232, 0.9254, 0.3785, -0.0169, -0.3420, 0.7488, -0.5678);

fn layer(
    place: vec3<f32>,
    normal: vec3<f32>,
    across: vec3<f32>,
    down: vec3<f32>,
    turn: mat3x3<f32>,
    tile_m: f32,
    sharpness: f32,
) -> Layer {
    let p = turn * place / tile_m;
    let n = turn * normal;
    let du = turn * across / tile_m;
    let dv = turn * down / tile_m;
    var weight = pow(abs(n), vec3(sharpness));
    weight /= weight.x + weight.y + weight.z;
    var slope = vec3(0.0);
    var tone = 0.0;
    var open = 0.0;
    if (0.03 < weight.x) {
        let t = textureSampleGrad(rubble, rubble_sampler, p.yz, du.yz, dv.yz);
        let s = (t.xy - 0.5) * 4.0;
        slope += weight.x * vec3(0.0, s.x, s.y);
        tone += weight.x * t.z;
        open += weight.x * t.w;
    }
    if (0.03 < weight.y) {
        let t = textureSampleGrad(rubble, rubble_sampler, p.zx + 0.37, du.zx, dv.zx);
        let s = (t.xy - 0.5) * 4.0;
        slope += weight.y * vec3(s.y, 0.0, s.x);
        tone += weight.y * t.z;
        open += weight.y * t.w;
    }
    if (0.03 < weight.z) {
        let t = textureSampleGrad(rubble, rubble_sampler, p.xy + 0.71, du.xy, dv.xy);
        let s = (t.xy - 0.5) * 4.0;
        slope += weight.z * vec3(s.x, s.y, 0.0);
        tone += weight.z * t.z;
        open += weight.z * t.w;
    }
    return Layer(transpose(turn) * slope, tone * 2.0, open);
}

// Dark blue over green to yellow, even to the eye and to those who see red and green alike: a
// polynomial through the colours of the viridis map.
fn even_colours(t: f32) -> vec3<f32> {
    let c0 = vec3(0.2777, 0.0054, 0.3341);
    let c1 = vec3(0.1051, 1.4046, 1.3846);
    let c2 = vec3(-0.3309, 0.2148, 0.0951);
    let c3 = vec3(-4.6342, -5.7991, -19.3324);
    let c4 = vec3(6.2283, 14.1799, 56.6906);
    let c5 = vec3(4.7764, -13.7451, -65.3530);
    let c6 = vec3(-5.4355, 4.6459, 26.3124);
    let srgb = c0 + t * (c1 + t * (c2 + t * (c3 + t * (c4 + t * (c5 + t * c6)))));
    return pow(clamp(srgb, vec3(0.0), vec3(1.0)), vec3(2.2));
}

// The colour of the chart at a place, and how much of it shows.
fn chart_at(place: vec3<f32>, normal: vec3<f32>) -> vec4<f32> {
    let arm = place - chart.centre_m;
    let at = vec2(dot(arm, chart.east), dot(arm, chart.north)) / chart.span_m + 0.5;
    let edge = min(min(at.x, 1.0 - at.x), min(at.y, 1.0 - at.y));
    // Between the four texels around.
    let side = vec2<i32>(textureDimensions(estimates));
    let texel = at * vec2<f32>(side) - 0.5;
    let low = vec2<i32>(floor(texel));
    let part = texel - floor(texel);
    let last = side - 1;
    let a = textureLoad(estimates, clamp(low, vec2(0), last), 0).xy;
    let b = textureLoad(estimates, clamp(low + vec2(1, 0), vec2(0), last), 0).xy;
    let c = textureLoad(estimates, clamp(low + vec2(0, 1), vec2(0), last), 0).xy;
    let d = textureLoad(estimates, clamp(low + vec2(1, 1), vec2(0), last), 0).xy;
    let found = mix(mix(a, b, part.x), mix(c, d, part.x), part.y);
    let up = cross(chart.east, chart.north);
    // The far side of the body lies under the same square.
    let facing = smoothstep(-0.2, 0.15, dot(normal, up)) * smoothstep(0.0, 0.04, edge);
    let value = mix(found.x, found.y, chart.shows_doubt);
    let known = mix(1.0 - 0.75 * found.y, 1.0, chart.shows_doubt);
    // Lines at every tenth.
    let scaled = value * 10.0;
    let width = max(fwidth(scaled), 1e-4);
    let off = abs(fract(scaled + 0.5) - 0.5) / width;
    let line = (1.0 - smoothstep(0.6, 1.4, off)) * smoothstep(0.6, 0.2, width);
    let colour = even_colours(clamp(value, 0.0, 1.0)) * (1.0 - 0.45 * line);
    return vec4(colour, chart.strength * facing * known);
}

@fragment
fn fragment(in: VertexOutput, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    let place = in.world_position.xyz;
    let to_camera = view_bindings::view.world_position.xyz - place;
    let distance_m = length(to_camera);
    let v = to_camera / max(distance_m, 1e-4);
    // Ground is mostly seen at a flat angle, where a pixel is long and narrow: its length counts
    // only as far as it does not blur what is seen across.
    var across = dpdx(place);
    var down = dpdy(place);
    let across_m = length(across);
    let down_m = length(down);
    let limit_m = 2.5 * min(across_m, down_m) + 1e-7;
    across *= min(1.0, limit_m / max(across_m, 1e-7));
    down *= min(1.0, limit_m / max(down_m, 1e-7));
    let smooth_normal = normalize(in.world_normal);

    // Layers from wide to fine; the fine ones end where a pixel is wider than their stones.
    let wide = layer(place, smooth_normal, across, down, TURN_WIDE, 71.0, 4.0);
    var slope = wide.slope * 0.55;
    var tone = mix(1.0, wide.tone, 0.55);
    var open = mix(1.0, wide.open, 0.6);

    // Regions: what tells one side of the body from another, seen from afar.
    let region = textureSampleGrad(rubble, rubble_sampler,
        (TURN_MID * place).xy / 530.0, (TURN_MID * across).xy / 530.0, (TURN_MID * down).xy / 530.0);
    let band = textureSampleGrad(rubble, rubble_sampler,
        (TURN_FINE * place).yz / 270.0, (TURN_FINE * across).yz / 270.0, (TURN_FINE * down).yz / 270.0);
    tone *= clamp(0.62 + 0.42 * (region.z + band.z), 0.55, 1.5);

    let mid_part = 1.0 - smoothstep(180.0, 420.0, distance_m);
    if (0.0 < mid_part) {
        let mid = layer(place, smooth_normal, across, down, TURN_MID, 11.0, 6.0);
        slope += mid.slope * 0.75 * mid_part;
        tone *= mix(1.0, mid.tone, 0.75 * mid_part);
        open *= mix(1.0, mid.open, 0.9 * mid_part);
    }
    let fine_part = 1.0 - smoothstep(14.0, 45.0, distance_m);
    if (0.0 < fine_part) {
        let fine = layer(place, smooth_normal, across, down, TURN_FINE, 1.9, 6.0);
        slope += fine.slope * 0.7 * fine_part * look.relief;
        tone *= mix(1.0, fine.tone, 0.7 * fine_part);
        open *= mix(1.0, fine.open, 0.9 * fine_part);
    }
    // The slopes lie in the tangent plane.
    slope -= smooth_normal * dot(slope, smooth_normal);
    let n = normalize(smooth_normal - slope);

    // Ground that was dug is darker, bluer and finer.
    let fresh = clamp(in.uv.x, 0.0, 1.0);
    var albedo = mix(look.albedo, look.fresh_albedo, fresh) * mix(tone, mix(1.0, tone, 0.5), fresh);
    // Bright stones are a little warmer than the dark ones.
    albedo *= mix(vec3(0.985, 0.995, 1.02), vec3(1.05, 1.0, 0.93), clamp((tone - 0.7) * 0.9, 0.0, 1.0));

    let sun = &view_bindings::lights.directional_lights[0];
    let l = (*sun).direction_to_light;
    let mu0_smooth = dot(smooth_normal, l);
    let mu0 = dot(n, l);
    var direct = vec3(0.0);
    if (0.0 < mu0 && -0.12 < mu0_smooth) {
        let view_z = dot(vec4(
            view_bindings::view.view_from_world[0].z,
            view_bindings::view.view_from_world[1].z,
            view_bindings::view.view_from_world[2].z,
            view_bindings::view.view_from_world[3].z,
        ), in.world_position);
        let shadow = fetch_directional_shadow(0u, in.world_position, smooth_normal, view_z, in.position.xy);
        let mu = max(dot(n, v), 0.06);
        let phase = acos(clamp(dot(l, v), -1.0, 1.0));
        let seeliger = 1.9 * mu0 / (mu0 + mu) * exp(-0.45 * phase) * (1.0 + 0.35 * exp(-phase / 0.12));
        let lambert = 1.15 * mu0;
        // Stones shade their feet: the more so, the lower the Sun.
        let crevice = pow(open, mix(1.6, 0.7, clamp(mu0_smooth, 0.0, 1.0)));
        let terminator = smoothstep(-0.12, 0.05, mu0_smooth);
        direct = (*sun).color.rgb * shadow * terminator * crevice
            * mix(lambert, seeliger, 0.40) / 3.14159;
    }
    let ambient = view_bindings::lights.ambient_color.rgb * open;
    var shade = albedo * (direct + ambient) * view_bindings::view.exposure;
    // Outside the branch: lines are as wide as neighbouring pixels say.
    let charted = chart_at(place, smooth_normal);
    if (0.0 < chart.strength) {
        // The relief of the ground shows through, at night too.
        let light = clamp(dot(shade, vec3(0.33)) * 1.6, 0.0, 1.0);
        shade = mix(shade, charted.rgb * (0.32 + 0.68 * light), charted.a);
    }
    var color = vec4(shade, 1.0);
#ifdef TONEMAP_IN_SHADER
    color = tone_mapping(color, view_bindings::view.color_grading);
#endif
    return color;
}
