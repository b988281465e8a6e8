//! The runtimes that a program is run on, and the macro that makes one test into one on each.

/// A runtime by the name that both programs' `--runtime` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// `--runtime tokio`
    Tokio,
    /// `--runtime async-std`
    AsyncStd,
}

impl Runtime {
    /// The option's value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokio => "tokio",
            Self::AsyncStd => "async-std",
        }
    }
}

/// Makes each named function, which takes a [`Runtime`], into two tests: `tokio::name` and `async_std::name`.
#[macro_export]
macro_rules! on_both_runtimes {
    ($($name:ident),+ $(,)?) => {
        mod tokio {
            $(#[test] fn $name() { super::$name($crate::Runtime::Tokio); })+
        }
        mod async_std {
            $(#[test] fn $name() { super::$name($crate::Runtime::AsyncStd); })+
        }
    };
}
