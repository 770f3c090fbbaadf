package timeline

// For tests of package timeline_test.
var (
	Visible   = visible
	ColumnsOf = columns
	Short     = short
)
