package firehose

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/smithy-go"
)

// refusal says why Firehose has not taken records.
type refusal struct {
	why       string
	retry     bool // time may heal it
	throttled bool // the stream's quota is exceeded, or Firehose is overloaded
}

var (
	throttles  = retry.IsErrorThrottles(retry.DefaultThrottles)
	retryables = retry.IsErrorRetryables(retry.DefaultRetryables)
)

// refusalOf is the refusal of a call that failed.
func refusalOf(err error) *refusal {
	r := &refusal{why: textOf(err)}
	var unavailable *types.ServiceUnavailableException
	r.throttled = throttles.IsErrorThrottle(err) == aws.TrueTernary || errors.As(err, &unavailable)
	// The SDK would not retry a call without an answer in time, because its context has ended.
	r.retry = r.throttled || retryables.IsErrorRetryable(err) == aws.TrueTernary || errors.Is(err, context.DeadlineExceeded)
	var api smithy.APIError
	if errors.As(err, &api) {
		r.why = answer(api.ErrorCode(), api.ErrorMessage())
	}
	return r
}

// userinfo matches the user and password that may stand before the host of a URL.
var userinfo = regexp.MustCompile(`[^\s"]*@`)

// textOf is the text of an error of the SDK, for a log line. Such texts contain URLs, also those
// of proxies.
func textOf(err error) string { return printable(userinfo.ReplaceAllString(err.Error(), "…@")) }

// recordRefusal is the refusal of one record of a call. Its code is ServiceUnavailableException or
// InternalFailure, and time may heal both:
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatchResponseEntry.html
func recordRefusal(r types.PutRecordBatchResponseEntry) *refusal {
	code := aws.ToString(r.ErrorCode)
	return &refusal{
		why:       answer(code, aws.ToString(r.ErrorMessage)),
		retry:     true,
		throttled: code == (&types.ServiceUnavailableException{}).ErrorCode(),
	}
}

// answer is the answer of Firehose, for a log line. The message about a wrong signature is left
// out, because it repeats the request's headers, and x-amz-security-token is a credential.
func answer(code, message string) string {
	if strings.Contains(code, "Signature") || strings.Contains(strings.ToLower(message), "x-amz-security-token") {
		return printable(code)
	}
	return printable(code + ": " + message)
}

// printable is a short text without characters that a terminal may obey.
func printable(text string) string {
	const most = 500
	text = strings.ToValidUTF8(text, "\uFFFD")
	var b strings.Builder
	for _, r := range text {
		if b.Len() >= most {
			b.WriteString("…")
			break
		}
		if r < ' ' || r == 0x7f || r >= 0x80 && commands(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// of is the error of a Send that ended with this refusal.
func (r *refusal) of(s *Sink, ctx context.Context) error {
	err := fmt.Errorf("firehose: stream %s: PutRecordBatch: %s", s.stream, r.why)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w; given up: %w", err, cause)
	}
	return err
}
