package timeline

// For tests of package timeline_test.
var ColumnsOf = columns
