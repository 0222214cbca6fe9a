// Stars, the Milky Way's band and the Sun's disc, at infinity. See src/client/view/sky.rs.

#import bevy_pbr::{
    mesh_functions::get_world_from_local,
    mesh_view_bindings::view,
}

struct SkyLook {
    size: f32,
    kind: u32,
    gain: f32,
    spare: f32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> look: SkyLook;

struct SkyVertex {
    @builtin(instance_index) instance_index: u32,
    @location(0) direction: vec3<f32>,
    @location(1) corner: vec2<f32>,
    @location(2) color: vec4<f32>,
}

struct SkyOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) corner: vec2<f32>,
    @location(1) color: vec4<f32>,
}

@vertex
fn vertex(in: SkyVertex) -> SkyOutput {
    let from_local = get_world_from_local(in.instance_index);
    let direction = normalize((from_local * vec4(in.direction, 0.0)).xyz);
    // The view's rotation alone: infinity has no parallax.
    let in_view = (view.view_from_world * vec4(direction, 0.0)).xyz;
    var out: SkyOutput;
    out.corner = in.corner;
    out.color = in.color;
    if (look.kind == 1u) {
        // A quad that faces the camera, as wide as an angle.
        let side = normalize(cross(vec3(0.0, 1.0, 0.0), in_view) + vec3(1e-6, 0.0, 0.0));
        let up = cross(in_view, side);
        let place = in_view + (side * in.corner.x + up * in.corner.y) * tan(look.size);
        out.position = view.clip_from_view * vec4(place, 1.0);
    } else if (look.kind == 0u) {
        out.position = view.clip_from_view * vec4(in_view, 1.0);
        // Bright stars spread over more pixels; faint ones keep a pixel and dim.
        let light = in.color.a;
        let fine = clamp(view.viewport.w / 720.0, 0.75, 3.0);
        let half_px = clamp(1.05 + 0.55 * sqrt(light), 1.05, 3.2) * fine;
        out.position += vec4(in.corner * half_px * 2.0 / view.viewport.zw * out.position.w, 0.0, 0.0);
        out.color = vec4(in.color.rgb, min(light, 2.2));
    } else {
        out.position = view.clip_from_view * vec4(in_view, 1.0);
    }
    // As far as depth goes (reversed depth: 0 is infinity).
    out.position.z = 0.0;
    return out;
}

// Additive: light without opacity, in terms of premultiplied alpha.
@fragment
fn fragment(in: SkyOutput) -> @location(0) vec4<f32> {
    if (look.kind == 1u) {
        let r = length(in.corner) * look.size;
        // The disc as seen from about 1 au, and the glare around it.
        let disc = 1.0 - smoothstep(0.0046, 0.0056, r);
        let edge = 1.0 - smoothstep(0.5, 1.0, length(in.corner));
        let glare = edge * (0.0022 / (r * r * 18.0 + 0.0022) * 0.55 + 0.10 * exp(-r * 34.0));
        let spread = vec3(1.0, 0.94, 0.86) * glare;
        return vec4((vec3(1.0) * disc * 4.0 + spread) * look.gain, 0.0);
    }
    if (look.kind == 0u) {
        let r = dot(in.corner, in.corner);
        let light = in.color.a * exp(-3.2 * r) * look.gain;
        return vec4(in.color.rgb * light, 0.0);
    }
    return vec4(in.color.rgb * in.color.a * 0.011 * look.gain, 0.0);
}
