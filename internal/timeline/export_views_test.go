package timeline

// ColumnsOf is columns, for the tests.
var ColumnsOf = columns
