//! The six categories of spending, in the order in which they are published.

/// A category of monthly spending (calculation.md, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Category {
    /// `avg_amazon_gmv`
    Amazon,
    /// `avg_flipkart_gmv`
    Flipkart,
    /// `avg_myntra_gmv`
    Myntra,
    /// `avg_ajio_gmv`
    Ajio,
    /// `avg_grocery_gmv`
    Grocery,
    /// What `avg_confirmed_gmv` has beyond the other five; never below zero.
    OtherOnline,
}

/// How many categories there are.
pub const CATEGORIES: usize = 6;

impl Category {
    /// All six, in published order; a category's place here is its [`Category::index`].
    pub const ALL: [Self; CATEGORIES] =
        [Self::Amazon, Self::Flipkart, Self::Myntra, Self::Ajio, Self::Grocery, Self::OtherOnline];

    /// Place among the six, 0 to 5.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name used in the catalogue and in the published columns.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amazon => "amazon",
            Self::Flipkart => "flipkart",
            Self::Myntra => "myntra",
            Self::Ajio => "ajio",
            Self::Grocery => "grocery",
            Self::OtherOnline => "other_online",
        }
    }

    /// The category of that exact name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}
