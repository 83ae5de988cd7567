#pragma once
// Columns: what Observed's cells and shares have in common on the wire. Times count from one base,
// and a column of zeros is left out.

#include <algorithm>
#include <cstdint>

#include "store/wire_values.h"

namespace rollbook::store {

// The second that the first cell's end is counted from.
inline std::int64_t first_base(core::Time time) {
  return wrapping_sub(put_time(time), split_time(put_time(time)).nanos);
}

// A column is left out when all its entries are 0.
template <class Column>
void drop_if_zero(Column* column) {
  if (std::all_of(column->begin(), column->end(), [](auto entry) { return entry == 0; })) {
    column->Clear();
  }
}
// Entry i of a column that may be left out.
template <class Column>
auto entry(const Column& column, int i) {
  return column.empty() ? typename Column::value_type{} : column.Get(i);
}

}  // namespace rollbook::store
