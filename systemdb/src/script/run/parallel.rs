//! Steps side by side.
//!
//! Each runs on a thread with a host of its own, outside of the script's transaction (see `async_write` in the check), and
//! sees the variables as they were before all of them. The first failure stops the others; what they give becomes
//! variables when all are done, in the order of the script. Their events come as they happen.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use parking_lot::Mutex;

use super::event::Event;
use super::steps::{Frame, Runner, Stop};
use super::{Shared, host::Fork};
use crate::script::program::Compiled;
use crate::tool::ToolFault;

/// Threads at once.
const THREADS: usize = 8;

/// What a thread says.
enum Message {
    Event(Event),
    Done(usize, Box<(Frame, Result<(), Stop>)>),
}

type Stops = Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>;

impl Runner<'_, '_> {
    /// Runs these steps side by side; each in a transaction of its own where `apart` says so.
    pub fn beside(&mut self, group: &[Compiled], apart: bool) -> Result<(), Stop> {
        let mut rest = group;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(THREADS));
            self.together(now, apart)?;
            rest = later;
        }
        Ok(())
    }

    fn together(&mut self, group: &[Compiled], apart: bool) -> Result<(), Stop> {
        let shared = self.shared;
        let ended = AtomicBool::new(false);
        let stops: Stops = Mutex::default();
        let (send, receive) = mpsc::channel();
        let mut done: Vec<Option<(Frame, Result<(), Stop>)>> = group.iter().map(|_| None).collect();
        let mut silent = false;
        std::thread::scope(|scope| {
            for (number, step) in group.iter().enumerate() {
                let fork = self.host.fork();
                stops.lock().push(Arc::clone(&fork.stop));
                let frame = self.frame.beside();
                let send = send.clone();
                let ended = &ended;
                scope.spawn(move || {
                    let result = one(shared, fork, frame, step, apart, ended, &send);
                    let _ = send.send(Message::Done(number, Box::new(result)));
                });
            }
            drop(send);
            // Ends when the last thread did, even one that panicked.
            for message in receive {
                match message {
                    Message::Event(event) => {
                        if !silent && self.tell(event).is_err() {
                            silent = true;
                            end(&ended, &stops);
                        }
                    }
                    Message::Done(number, result) => {
                        if result.1.is_err() {
                            end(&ended, &stops);
                        }
                        if let Some(slot) = done.get_mut(number) {
                            *slot = Some(*result);
                        }
                    }
                }
            }
        });
        if silent {
            return Err(Stop::Cancelled);
        }
        self.gather(group, done)
    }

    /// The first failure, or the variables of all.
    fn gather(
        &mut self,
        group: &[Compiled],
        done: Vec<Option<(Frame, Result<(), Stop>)>>,
    ) -> Result<(), Stop> {
        let mut frames = Vec::with_capacity(done.len());
        let mut stopped = None;
        for (step, done) in group.iter().zip(done) {
            match done {
                Some((frame, Ok(()))) => frames.push((step, frame)),
                Some((_, Err(Stop::Reached))) => stopped = stopped.or(Some(Stop::Reached)),
                // The others were cancelled because of the one that failed.
                Some((_, Err(stop @ Stop::Failed(_)))) => match &stopped {
                    Some(Stop::Failed(failure)) if failure.code != "cancelled" => {}
                    _ => stopped = Some(stop),
                },
                Some((_, Err(stop @ (Stop::Cancelled | Stop::Ended(_))))) => {
                    stopped = stopped.or(Some(stop));
                }
                None => {
                    let fault = ToolFault::new("internal", "the step ended without a result");
                    stopped = Some(self.failed(Some(step), fault));
                }
            }
        }
        if let Some(stop) = stopped {
            return Err(stop);
        }
        for (step, frame) in frames {
            if let Some(name) = &step.output {
                let value = frame.variables.get(name).cloned().unwrap_or_default();
                self.frame.variables.set(name, value);
            }
            if frame.table.is_some() {
                self.frame.table = frame.table;
                self.frame.value = frame.value;
            } else if !frame.value.is_null() {
                self.frame.value = frame.value;
            }
        }
        Ok(())
    }
}

fn end(ended: &AtomicBool, stops: &Stops) {
    ended.store(true, Ordering::Relaxed);
    for stop in stops.lock().iter() {
        stop();
    }
}

fn one(
    shared: &Shared<'_>,
    fork: Fork,
    frame: Frame,
    step: &Compiled,
    apart: bool,
    ended: &AtomicBool,
    send: &mpsc::Sender<Message>,
) -> (Frame, Result<(), Stop>) {
    let host = (fork.make)();
    host.set_deadline(shared.deadline());
    let mut sink = |event: Event| match ended.load(Ordering::Relaxed)
        || send.send(Message::Event(event)).is_err()
    {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let mut runner = Runner {
        shared,
        host: &*host,
        sink: &mut sink,
        frame,
        transaction: false,
        sequence: None,
        open: 0,
        level: 0,
    };
    let result = runner.step(step, apart);
    (runner.frame, result)
}
