use super::exercise::*;
use std::cell::RefCell;
use std::rc::Rc;

#[test]
fn two_tasks_that_give_way_take_turns() {
    let said = Rc::new(RefCell::new(Vec::new()));
    glassloop::Runtime::new().unwrap().block_on(async {
        let tasks: Vec<_> = ["a", "b"]
            .into_iter()
            .map(|name| {
                let said = Rc::clone(&said);
                glassloop::spawn(async move {
                    for line in 1..=2 {
                        said.borrow_mut().push((name, line));
                        YieldOnce::default().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*said.borrow(), [("a", 1), ("b", 1), ("a", 2), ("b", 2)]);
}
