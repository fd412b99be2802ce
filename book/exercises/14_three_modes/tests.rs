use super::exercise::*;

/// What it says at each line of the chapter's table.
fn column(mode: Mode) -> [bool; 7] {
    let mut selector = Selector::new(mode);
    std::array::from_fn(|step| {
        match step {
            1 => selector.arrive(2),
            3 => selector.read(1),
            4 => selector.arrive(1),
            5 => selector.arm(),
            6 => {
                selector.read(2);
                selector.arm();
            }
            _ => {}
        }
        selector.ask()
    })
}

#[test]
fn all_three_say_what_epoll_says() {
    assert_eq!(column(Mode::Level), [false, true, true, true, true, true, false]);
    assert_eq!(column(Mode::Edge), [false, true, false, false, true, true, false]);
    assert_eq!(column(Mode::Oneshot), [false, true, false, false, false, true, false]);
}

#[test]
fn what_arrives_while_a_oneshot_selector_is_not_armed_is_told_of_when_it_is() {
    let mut selector = Selector::new(Mode::Oneshot);
    selector.arrive(1);
    assert!(selector.ask());
    selector.read(1);
    selector.arrive(1);
    assert!(!selector.ask());
    selector.arm();
    assert!(selector.ask());
}

#[test]
fn arming_twice_tells_once() {
    let mut selector = Selector::new(Mode::Oneshot);
    selector.arrive(1);
    selector.arm();
    selector.arm();
    assert!(selector.ask());
    assert!(!selector.ask());
}
