package lake

import "fmt"

// TooMuchError is the error of a search that would read more than [Query.MaxBytes], or that has
// read more than that because the estimate was too low.
type TooMuchError struct {
	Estimate int64  // bytes
	Limit    int64  // bytes
	Narrow   string // advice for people: how to read less
}

func (e *TooMuchError) Error() string {
	return fmt.Sprintf("lake: the search would read about %s of Parquet files, and the limit is %s: %s",
		megabytes(e.Estimate), megabytes(e.Limit), e.Narrow)
}

func megabytes(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.4g MB", float64(n)/1e6)
}
