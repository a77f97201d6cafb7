//! One cell's height after a step.

/// The drop `d` that is left of a drop `full` (positive) to a receiver: the solution of `d + factor · dⁿ = full`, with
/// `power(d) = dⁿ⁻¹`.
///
/// Newton's method from where the slope's power is taken to be linear, which is the solution for n = 1 and near it for
/// small steps. The function rises everywhere and is convex for n > 1, concave for n < 1: after the first step all
/// others come from one side and never pass the solution. A first step of a concave one may lead below nothing; then
/// it starts anew from a drop that is certainly too small.
pub(crate) fn remaining_drop(full: f64, factor: f64, n: f64, power: impl Fn(f64) -> f64) -> f64 {
    if factor <= 0.0 {
        return full;
    }
    let mut drop = full / (1.0 + factor * power(full));
    for _ in 0..64 {
        if drop <= 0.0 {
            drop = (full / 2.0).min((full / (2.0 * factor)).powf(1.0 / n));
            if drop <= 0.0 {
                // Less than a float can tell is left.
                return f64::MIN_POSITIVE;
            }
        }
        let pull = factor * power(drop);
        let step = (drop + drop * pull - full) / (1.0 + n * pull);
        drop -= step;
        // Each step squares the error, so what is left after this one is less than a float can tell.
        if step.abs() <= 1e-9 * drop {
            break;
        }
    }
    drop.clamp(f64::MIN_POSITIVE, full)
}

#[cfg(test)]
mod tests {
    use super::remaining_drop;

    #[test]
    fn solves_its_equation() {
        for n in [0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 4.0] {
            for factor in [0.0, 1e-12, 1e-3, 0.7, 1.0, 30.0, 1e6] {
                for full in [1e-9, 0.01, 1.0, 4000.0] {
                    let drop = remaining_drop(full, factor, n, |d| d.powf(n - 1.0));
                    let open = drop + factor * drop.powf(n) - full;
                    assert!(open.abs() <= 1e-12 * full, "n {n} factor {factor} full {full}: {drop}, {open}");
                }
            }
        }
    }
}
