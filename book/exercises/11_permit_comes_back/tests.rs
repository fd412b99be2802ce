use std::panic::{AssertUnwindSafe, catch_unwind};

use super::exercise::*;

#[test]
fn a_job_holds_a_permit_while_it_runs() {
    let limit = Limit::new(2);
    assert_eq!(limit.run(|| limit.free()), Some(1));
    assert_eq!(limit.free(), 2);
}

#[test]
fn without_a_permit_nothing_runs() {
    let limit = Limit::new(1);
    assert_eq!(limit.run(|| limit.run(|| ())), Some(None));
}

#[test]
fn the_permit_of_a_job_that_panics_comes_back() {
    let limit = Limit::new(1);
    for _ in 0..3 {
        let outcome = catch_unwind(AssertUnwindSafe(|| limit.run(|| panic!("on purpose"))));
        assert!(outcome.is_err(), "the permit of the panic before is lost");
        assert_eq!(limit.free(), 1);
    }
}
