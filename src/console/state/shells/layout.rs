//! How shells share the screen: a tree of splits. Pure geometry; it knows ids and areas and no shells.

use crate::console::state::seen::Area;

/// The least a shell is given, in columns and rows, its title line included.
pub const LEAST: (u16, u16) = (20, 4);
/// The whole of a split, in the unit of its shares.
const WHOLE: u16 = 1_000;

/// How the two halves of a split lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Side by side, a line between them.
    Columns,
    /// One below the other.
    Rows,
}

/// A direction on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

impl Direction {
    fn axis(self) -> Axis {
        match self {
            Self::Left | Self::Right => Axis::Columns,
            Self::Up | Self::Down => Axis::Rows,
        }
    }
}

/// Shells and how they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// One shell, by number.
    Leaf(u64),
    /// Two halves; the first has `share` thousandths.
    Split { axis: Axis, share: u16, halves: Box<(Tree, Tree)> },
}

/// What lies where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every shell and its area.
    pub shells: Vec<(u64, Area)>,
    /// The lines between halves that lie side by side.
    pub lines: Vec<Area>,
}

impl Tree {
    /// The shells, from left to right and from the top down.
    pub fn leaves(&self) -> Vec<u64> {
        match self {
            Self::Leaf(id) => vec![*id],
            Self::Split { halves, .. } => {
                let mut leaves = halves.0.leaves();
                leaves.extend(halves.1.leaves());
                leaves
            }
        }
    }

    /// Puts a new shell beside or below one. `false` if that one is not here.
    pub fn split(&mut self, beside: u64, axis: Axis, new: u64) -> bool {
        match self {
            Self::Leaf(id) if *id == beside => {
                let halves = Box::new((Self::Leaf(beside), Self::Leaf(new)));
                *self = Self::Split { axis, share: WHOLE / 2, halves };
                true
            }
            Self::Leaf(_) => false,
            Self::Split { halves, .. } => halves.0.split(beside, axis, new) || halves.1.split(beside, axis, new),
        }
    }

    /// The tree without a shell; its neighbour takes the room. `None` if nothing is left.
    pub fn without(self, id: u64) -> Option<Self> {
        match self {
            Self::Leaf(leaf) => (leaf != id).then_some(Self::Leaf(leaf)),
            Self::Split { axis, share, halves } => {
                let (first, second) = *halves;
                match (first.without(id), second.without(id)) {
                    (Some(first), Some(second)) => Some(Self::Split { axis, share, halves: Box::new((first, second)) }),
                    (rest, None) | (None, rest) => rest,
                }
            }
        }
    }

    /// Where everything lies in an area. `None` if some shell would get less than [`LEAST`].
    pub fn plan(&self, area: Area) -> Option<Plan> {
        let mut plan = Plan::default();
        self.lay(area, &mut plan);
        let room = |(.., (_, _, width, height)): &(u64, Area)| *width >= LEAST.0 && *height >= LEAST.1;
        (plan.shells.len() == 1 || plan.shells.iter().all(room)).then_some(plan)
    }

    fn lay(&self, area: Area, plan: &mut Plan) {
        match self {
            Self::Leaf(id) => plan.shells.push((*id, area)),
            Self::Split { axis, share, halves } => {
                let (first, line, second) = cut(area, *axis, *share);
                halves.0.lay(first, plan);
                plan.lines.extend(line);
                halves.1.lay(second, plan);
            }
        }
    }

    /// Moves the nearest edge of a shell so many cells in a direction. `false` if there is none to move or no room.
    pub fn push_edge(&mut self, id: u64, direction: Direction, cells: u16, area: Area) -> bool {
        let before = self.clone();
        let moved = self.push(id, direction, cells, area) && self.plan(area).is_some();
        if !moved {
            *self = before;
        }
        moved
    }

    fn push(&mut self, id: u64, direction: Direction, cells: u16, area: Area) -> bool {
        let Self::Split { axis, share, halves } = self else { return false };
        let (first, _, second) = cut(area, *axis, *share);
        let inner = match halves.0.leaves().contains(&id) {
            true => halves.0.push(id, direction, cells, first),
            false => halves.1.leaves().contains(&id) && halves.1.push(id, direction, cells, second),
        };
        if inner || *axis != direction.axis() {
            return inner;
        }
        let whole = u32::from(if *axis == Axis::Columns { area.2.saturating_sub(1) } else { area.3 }.max(1));
        let has = u32::from(if *axis == Axis::Columns { first.2 } else { first.3 });
        let wanted = match direction {
            Direction::Right | Direction::Down => has + u32::from(cells),
            Direction::Left | Direction::Up => has.saturating_sub(u32::from(cells)),
        };
        // Rounded up: cutting rounds down, and the edge must land on the wanted cell.
        let wanted = (wanted * u32::from(WHOLE)).div_ceil(whole).clamp(1, u32::from(WHOLE) - 1);
        *share = u16::try_from(wanted).unwrap_or(WHOLE / 2);
        true
    }
}

impl Plan {
    /// The shell that lies next to another in a direction, nearest to its upper left corner.
    pub fn neighbour(&self, id: u64, direction: Direction) -> Option<u64> {
        let (_, (x, y, width, height)) = *self.shells.iter().find(|(leaf, _)| *leaf == id)?;
        let overlap = |a: (u16, u16), b: (u16, u16)| a.0 < b.0 + b.1 && b.0 < a.0 + a.1;
        let mut beside: Vec<_> = self.shells.iter().filter(|(leaf, _)| *leaf != id).collect();
        beside.retain(|(_, (bx, by, bw, bh))| match direction {
            Direction::Left => bx + bw <= x && overlap((*by, *bh), (y, height)),
            Direction::Right => *bx >= x + width && overlap((*by, *bh), (y, height)),
            Direction::Up => by + bh <= y && overlap((*bx, *bw), (x, width)),
            Direction::Down => *by >= y + height && overlap((*bx, *bw), (x, width)),
        });
        let distance = |(_, (bx, by, bw, bh)): &&&(u64, Area)| match direction {
            Direction::Left => (x - (bx + bw), by.abs_diff(y)),
            Direction::Right => (bx - (x + width), by.abs_diff(y)),
            Direction::Up => (y - (by + bh), bx.abs_diff(x)),
            Direction::Down => (by - (y + height), bx.abs_diff(x)),
        };
        beside.iter().min_by_key(distance).map(|(leaf, _)| *leaf)
    }
}

/// Cuts an area in two; side by side a column between them is the line's.
fn cut((x, y, width, height): Area, axis: Axis, share: u16) -> (Area, Option<Area>, Area) {
    let part = |of: u16| u16::try_from(u32::from(of) * u32::from(share) / u32::from(WHOLE)).unwrap_or(of / 2);
    match axis {
        Axis::Columns => {
            let room = width.saturating_sub(1);
            let left = part(room);
            let line = (x + left, y, width - room, height);
            ((x, y, left, height), Some(line), (x + left + line.2, y, room - left, height))
        }
        Axis::Rows => {
            let top = part(height);
            ((x, y, width, top), None, (x, y + top, width, height - top))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AREA: Area = (0, 2, 80, 20);

    fn three() -> Tree {
        let mut tree = Tree::Leaf(1);
        assert!(tree.split(1, Axis::Columns, 2));
        assert!(tree.split(2, Axis::Rows, 3));
        tree
    }

    #[test]
    fn neighbours_lie_where_they_are_seen() {
        let plan = three().plan(AREA).unwrap();
        assert_eq!(plan.shells, [(1, (0, 2, 39, 20)), (2, (40, 2, 40, 10)), (3, (40, 12, 40, 10))]);
        assert_eq!(plan.lines, [(39, 2, 1, 20)]);
        assert_eq!(plan.neighbour(1, Direction::Right), Some(2));
        assert_eq!(plan.neighbour(3, Direction::Left), Some(1));
        assert_eq!(plan.neighbour(3, Direction::Up), Some(2));
        assert_eq!(plan.neighbour(1, Direction::Left), None);
    }

    #[test]
    fn an_edge_moves_by_cells_and_stops_where_room_ends() {
        let mut tree = three();
        assert!(tree.push_edge(1, Direction::Right, 4, AREA));
        assert_eq!(tree.plan(AREA).unwrap().shells[0].1.2, 43);
        assert!(tree.push_edge(3, Direction::Up, 2, AREA));
        assert_eq!(tree.plan(AREA).unwrap().shells[1].1.3, 8);
        while tree.push_edge(1, Direction::Right, 4, AREA) {}
        let plan = tree.plan(AREA).unwrap();
        assert!(plan.shells.iter().all(|(_, (_, _, width, _))| *width >= LEAST.0));
        assert!(!Tree::Leaf(1).push_edge(1, Direction::Up, 1, AREA));
    }

    #[test]
    fn who_goes_leaves_the_room_to_the_neighbour() {
        let tree = three().without(2).unwrap();
        assert_eq!(tree.plan(AREA).unwrap().shells, [(1, (0, 2, 39, 20)), (3, (40, 2, 40, 20))]);
        assert_eq!(tree.without(1).unwrap().without(3), None);
        assert_eq!(three().plan((0, 0, 39, 20)), None, "too narrow for two");
    }

    proptest! {
        #[test]
        fn no_cell_belongs_to_two_and_none_is_lost(
            splits in proptest::collection::vec((0usize..8, any::<bool>()), 0..7),
            pushes in proptest::collection::vec((0u64..8, 0usize..4, 1u16..9), 0..12),
            width in 1u16..250, height in 1u16..80,
        ) {
            let mut tree = Tree::Leaf(0);
            for (at, (beside, columns)) in splits.into_iter().enumerate() {
                let leaves = tree.leaves();
                let beside = leaves[beside % leaves.len()];
                let axis = if columns { Axis::Columns } else { Axis::Rows };
                tree.split(beside, axis, at as u64 + 1);
            }
            let area = (3, 1, width, height);
            for (id, direction, cells) in pushes {
                let direction = [Direction::Left, Direction::Right, Direction::Up, Direction::Down][direction];
                tree.push_edge(id, direction, cells, area);
            }
            let mut plan = Plan::default();
            tree.lay(area, &mut plan);
            let cells = |(_, _, w, h): &Area| usize::from(*w) * usize::from(*h);
            let all: usize = plan.shells.iter().map(|(_, area)| cells(area)).chain(plan.lines.iter().map(cells)).sum();
            prop_assert_eq!(all, usize::from(width) * usize::from(height));
        }
    }
}
