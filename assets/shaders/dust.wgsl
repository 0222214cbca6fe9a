// Soft sprites of dust and steam in sunlight. See src/client/view/dust.rs.

#import bevy_pbr::mesh_view_bindings as view_bindings
#import bevy_pbr::mesh_view_bindings::view
#ifdef TONEMAP_IN_SHADER
#import bevy_core_pipeline::tonemapping::tone_mapping
#endif

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> tint: vec4<f32>;

struct DustVertex {
    @location(0) place: vec3<f32>,
    @location(1) corner: vec2<f32>,
    // Tone, radius [m], nothing, opacity.
    @location(2) data: vec4<f32>,
}

struct DustOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) corner: vec2<f32>,
    @location(1) tone: f32,
    @location(2) opacity: f32,
    @location(3) place: vec3<f32>,
}

@vertex
fn vertex(in: DustVertex) -> DustOutput {
    var in_view = (view.view_from_world * vec4(in.place, 1.0)).xyz;
    let depth = max(-in_view.z, 0.01);
    // A grain smaller than a pixel is drawn as a pixel that lets the rest through.
    let pixel_m = depth * 2.0 / (view.clip_from_view[1][1] * view.viewport.w);
    let radius = max(in.data.y, 0.75 * pixel_m);
    let thinned = min(1.0, in.data.y / radius);
    in_view += vec3(in.corner * radius, 0.0);
    var out: DustOutput;
    out.position = view.clip_from_view * vec4(in_view, 1.0);
    out.corner = in.corner;

    let close = smoothstep(0.15, 0.7, depth);
    out.tone = in.data.x;
    out.place = in.place;
    out.opacity = in.data.w * thinned * thinned * close;
    return out;
}

@fragment
fn fragment(in: DustOutput) -> @location(0) vec4<f32> {
    let r = dot(in.corner, in.corner);
    let soft = clamp(1.0 - r, 0.0, 1.0);
    let sun = &view_bindings::lights.directional_lights[0];
    let v = normalize(view.world_position.xyz - in.place);
    // Grains scatter back as the ground does, and forwards by diffraction.
    let ahead = dot((*sun).direction_to_light, -v);
    let phase = 0.55 - 0.35 * ahead + 1.1 * pow(max(ahead, 0.0), 6.0);
    let reflectance = 0.10 * in.tone * phase / 3.14159;
    let light = (*sun).color.rgb * tint.rgb * reflectance * view.exposure;
    var color = vec4(light, in.opacity * soft * soft);
#ifdef TONEMAP_IN_SHADER
    color = tone_mapping(color, view.color_grading);
#endif
    return color;
}
