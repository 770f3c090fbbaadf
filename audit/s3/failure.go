package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// failure is an error of a request. It quotes the server, in characters that a terminal can show,
// but no URL, because the URL of a presigned request or of an endpoint with a password is a
// credential.
type failure struct {
	what string
	err  error
	gone bool // the file is not there, or was replaced since it was opened
}

func (f *failure) Error() string { return "s3: " + f.what + ": " + describe(f.err) }

// Unwrap returns the SDK's error.
func (f *failure) Unwrap() error { return f.err }

// Is makes fs.ErrNotExist of a file that is gone.
func (f *failure) Is(target error) bool { return target == fs.ErrNotExist && f.gone }

// failed returns err with the verb and the file.
func (s *Store) failed(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{what: verb + " " + s.url + "/" + name, err: err}
}

// notRead is failed for a read: if the file is gone, the error is fs.ErrNotExist.
func (s *Store) notRead(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{what: verb + " " + s.url + "/" + name, err: err, gone: isGone(err)}
}

func describe(err error) string {
	var api smithy.APIError
	var inURL *url.Error
	var operation *smithy.OperationError
	status := statusOf(err)
	switch {
	case errors.As(err, &api):
		text := api.ErrorCode()
		if message := api.ErrorMessage(); message != "" && message != text {
			text += ": " + message
		}
		if status != 0 {
			text = fmt.Sprintf("%d %s", status, text)
		}
		return clean(text) + elsewhere(err)
	case errors.Is(err, errSlow), errors.Is(err, errLost):
		return clean(lastOf(err))
	case errors.Is(err, context.Canceled):
		return context.Canceled.Error()
	case errors.As(err, &inURL):
		return clean(inURL.Err.Error())
	case errors.As(err, &operation):
		return clean(operation.Err.Error())
	}
	return clean(err.Error())
}

func lastOf(err error) string {
	if errors.Is(err, errLost) {
		return errLost.Error()
	}
	return errSlow.Error()
}

// elsewhere names the bucket's region if the server does.
func elsewhere(err error) string {
	var resp *awshttp.ResponseError
	if !errors.As(err, &resp) || resp.Response == nil || resp.Response.StatusCode != http.StatusMovedPermanently {
		return ""
	}
	if region := resp.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
		return clean("; the bucket is in the region " + region)
	}
	return ""
}

// credentials matches a text before an @. An endpoint may have a password, and an error may quote
// the endpoint even if it is no URL.
var credentials = regexp.MustCompile(`(?s)(\S*://.*|\S*)@`)

// clean shortens a foreign text, and leaves out credentials and characters that are not printable.
func clean(text string) string {
	const most = 300
	text = credentials.ReplaceAllLiteralString(text, "…@")
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func statusOf(err error) int {
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil {
		return resp.HTTPStatusCode()
	}
	return 0
}

func isCode(err error, codes ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, code := range codes {
		if api.ErrorCode() == code {
			return true
		}
	}
	return false
}

// isGone reports whether the object is not there, or is not the one that was asked for. If the
// bucket is not there, isGone is false, because that is a mistake and no file that was merged.
func isGone(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound:
		return !isCode(err, "NoSuchBucket", "NoSuchUpload")
	case http.StatusPreconditionFailed:
		return true
	}
	return false
}

func isPrecondition(err error) bool { return statusOf(err) == http.StatusPreconditionFailed }

var errNoETags = &refusal{"the server has no ETags"}
