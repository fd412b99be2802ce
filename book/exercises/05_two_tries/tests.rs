use super::exercise::*;

fn play(answers: &[bool]) -> Vec<Next> {
    let mut fetch = Fetch::New;
    answers.iter().map(|connected| fetch.step(*connected)).collect()
}

#[test]
fn the_first_failure_is_tried_again() {
    assert_eq!(play(&[false, false, true]), [Next::Wait, Next::Wait, Next::Done]);
}

#[test]
fn the_second_failure_ends_it() {
    assert_eq!(play(&[false, false, false]), [Next::Wait, Next::Wait, Next::Failed]);
}

#[test]
fn who_connects_at_once_is_done_at_once() {
    assert_eq!(play(&[false, true]), [Next::Wait, Next::Done]);
}
