package timeline

// ColumnsOf lets the tests call the function columns.
var ColumnsOf = columns
