//! Tools by hand and by pilot: what they push, what they bring up and spill, and what is left to
//! hold on to.

use bonanza::headless::Headless;
use bonanza::sim::order::Order;

use crate::pilots::{ROBOT, lone, obey, refusal, robot, wait_until_idle};

fn by_hand(drum_rate: f64, drill: (f64, f64), for_s: f64) -> Order {
    Order::Actuate {
        robot: robot(),
        thrust_n: [0.0; 3],
        torque_n_m: [0.0; 3],
        drum_rate,
        drill_press: drill.0,
        drill_speed: drill.1,
        for_s,
    }
}

fn bin_kg(world: &mut Headless) -> f64 {
    world.observe("player").expect("the player").robots[0].bin_kg
}

fn dig() -> Order {
    Order::Dig {
        robot: robot(),
        until_kg: None,
    }
}

#[test]
fn digging_by_hand_pushes_an_unanchored_robot_off_as_a_pilot_does() {
    let (mut piloted, mut steered) = (lone("hopping-digger"), lone("hopping-digger"));
    obey(&mut piloted, dig());
    obey(&mut steered, by_hand(1.0, (0.0, 0.0), 600.0));
    let start_m = piloted.scene().robots[0].position_m;
    let mut same = 0;
    loop {
        let (one, other) = (piloted.scene(), steered.scene());
        let (one, other) = (&one.robots[0], &other.robots[0]);
        assert_eq!(one.position_m, other.position_m);
        assert_eq!(one.velocity_m_s, other.velocity_m_s);
        if one.activity_text.contains("adrift") {
            break;
        }
        same += 1;
        assert!(same < 10_000, "nothing pushes it off");
        piloted.step();
        steered.step();
    }
    // The pilot stops once the tool has lost the ground.
    let risen_m = piloted.scene().robots[0].position_m.distance(start_m);
    assert!(0.1 < risen_m, "{risen_m} m");
    assert!(0.0 < bin_kg(&mut steered));
    // In the air the drums find nothing more.
    let dug_kg = bin_kg(&mut steered);
    steered.run_until_ms(steered.time_ms() + 20_000);
    assert_eq!(bin_kg(&mut steered), dug_kg);
    for world in [&mut piloted, &mut steered] {
        assert_eq!(world.mass_error_g(), 0);
    }
}

#[test]
fn a_bit_by_hand_lifts_and_turns_its_robot_in_step_with_its_set_points() {
    let pushed = |press: f64, speed: f64| {
        let mut world = lone("anchored-drill");
        obey(&mut world, by_hand(0.0, (press, speed), 600.0));
        for _ in 0..5 {
            world.step();
        }
        assert_eq!(world.mass_error_g(), 0);
        let scene = world.scene();
        let robot = &scene.robots[0];
        (
            robot.velocity_m_s.length(),
            robot.angular_velocity_rad_s.length(),
        )
    };
    let (full_m_s, full_rad_s) = pushed(1.0, 1.0);
    let (half_m_s, _) = pushed(0.5, 1.0);
    let (_, still_rad_s) = pushed(1.0, 0.0);
    assert!(
        0.0 < half_m_s && (full_m_s / half_m_s - 2.0).abs() < 0.1,
        "{full_m_s} {half_m_s}"
    );
    assert!(still_rad_s < 0.2 * full_rad_s, "{still_rad_s} {full_rad_s}");
}

#[test]
fn tools_by_hand_are_cut_to_their_limits_and_refused_where_there_are_none() {
    let mut scout = lone("hopper-scout");
    assert!(refusal(&mut scout, by_hand(0.5, (0.0, 0.0), 5.0)).contains("no drum"));
    assert!(refusal(&mut scout, by_hand(0.0, (0.5, 1.0), 5.0)).contains("no drill"));
    let mut world = lone("hopping-digger");
    assert!(refusal(&mut world, by_hand(f64::NAN, (0.0, 0.0), 5.0)).contains("drum_rate = NaN"));
    obey(&mut world, Order::Anchor { robot: robot() });
    wait_until_idle(&mut world, 1);
    assert!(refusal(&mut world, by_hand(0.0, (0.0, 0.0), 5.0)).contains("release it first"));
    // Gently an anchored robot digs and stays; the order ends at its time.
    let (place_m, start_ms) = (world.scene().robots[0].position_m, world.time_ms());
    obey(&mut world, by_hand(0.1, (0.0, 0.0), 300.0));
    wait_until_idle(&mut world, 1);
    assert!((299_000..303_000).contains(&(world.time_ms() - start_ms)));
    let gentle_kg = bin_kg(&mut world);
    assert!(
        (0.3..0.45).contains(&gentle_kg),
        "{gentle_kg} kg of 50 kg/h in five minutes"
    );
    assert_eq!(world.scene().robots[0].position_m, place_m);
    // More than all is all.
    obey(&mut world, by_hand(7.0, (0.0, 0.0), 10.0));
    assert!(world.scene().robots[0].dig_rate_kg_s <= 50.0 / 3600.0 + 1e-6);
    assert_eq!(world.mass_error_g(), 0);
}

#[test]
fn anchors_hold_less_as_the_ground_around_them_goes_and_what_is_spilt_is_booked() {
    let mut world = lone("hopping-digger");
    obey(&mut world, Order::Anchor { robot: robot() });
    wait_until_idle(&mut world, 1);
    let hold_n =
        |world: &mut Headless| world.observe("player").expect("the player").robots[0].anchor_hold_n;
    let first_n = hold_n(&mut world);
    let (mut last_n, mut dug_kg) = (first_n, 0.0);
    for _ in 0..40 {
        obey(&mut world, dig());
        wait_until_idle(&mut world, 200);
        dug_kg += bin_kg(&mut world);
        let now_n = hold_n(&mut world);
        assert!(now_n <= last_n, "{now_n} N after {last_n} N");
        last_n = now_n;
        assert_eq!(world.mass_error_g(), 0);
        if now_n < 0.74 * first_n {
            break;
        }
        obey(&mut world, Order::Dump { robot: robot() });
        wait_until_idle(&mut world, 2);
    }
    assert!(
        last_n < 0.74 * first_n,
        "{last_n} N of {first_n} N after {dug_kg} kg"
    );
    let told = |text: &str| world.log().iter().any(|line| line.text.contains(text));
    assert!(told("ground around its anchors"));
    assert!(told(ROBOT));
    // Three parts in a hundred were lost on the way; what was thrown faster than Bennu holds is gone.
    let drifted = world
        .ledger()
        .find("drifted")
        .expect("the ledger has the account");
    let gone_kg = 1e-3 * world.ledger().balance(drifted) as f64;
    assert!(
        0.0 < gone_kg && gone_kg < 0.035 * dug_kg,
        "{gone_kg} kg of {dug_kg} kg"
    );
}
