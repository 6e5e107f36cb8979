"""Functions that expressions and queries of people may call; every other one is refused.

Data only. A function reads its arguments and nothing else: no files, no settings, no other
queries, no sessions, no sleep.
"""

from __future__ import annotations

# Classes of sqlglot for functions that it knows across dialects.
_KNOWN = """
Abs Acos Acosh AddMonths Agg And AnyValue ApproxDistinct ApproxPercentileAccumulate
ApproxPercentileCombine ApproxPercentileEstimate ApproxQuantile ApproxQuantiles ApproxTopK
ApproxTopKAccumulate ApproxTopKCombine ApproxTopKEstimate ApproxTopSum ApproximateSimilarity
ArgMax ArgMin Array ArrayAgg ArrayAll ArrayAny ArrayAppend ArrayCompact ArrayConcat
ArrayConcatAgg ArrayConstructCompact ArrayContainedBy ArrayContains ArrayContainsAll
ArrayDistinct ArrayExcept ArrayFilter ArrayFirst ArrayInsert ArrayIntersect ArrayLast
ArrayMax ArrayMin ArrayOverlaps ArrayPosition ArrayPrepend ArrayRemove ArrayRemoveAt
ArrayReverse ArraySize ArraySlice ArraySort ArraySum ArrayToString ArrayUnionAgg
ArrayUniqueAgg ArraysZip Ascii Asin Asinh Atan Atan2 Atanh Avg Base64DecodeBinary
Base64DecodeString Base64Encode BitLength BitmapBitPosition BitmapBucketNumber
BitmapConstructAgg BitmapCount BitmapOrAgg BitwiseAndAgg BitwiseCount BitwiseOrAgg
BitwiseXorAgg Booland Boolnot Boolor BoolxorAgg ByteLength Case Cast CastToStrType Cbrt Ceil
CheckJson Chr CityHash64 Coalesce CodePointsToBytes CodePointsToString Collate Compress
Concat ConcatWs Contains ConvertTimezone Corr Cos Cosh CosineDistance Cot Coth Count CountIf
CovarPop CovarSamp Csc Csch CumeDist CurrentDate CurrentDatetime CurrentTime
CurrentTimestamp CurrentTimestampLTZ CurrentTimezone Date DateAdd DateBin DateDiff
DateFromParts DateFromUnixDate DateStrToDate DateSub DateToDateStr DateToDi DateTrunc
Datetime DatetimeAdd DatetimeDiff DatetimeSub DatetimeTrunc Day DayOfMonth DayOfWeek
DayOfWeekIso DayOfYear Dayname Decode DecodeCase DecompressBinary DecompressString Degrees
DenseRank DiToDate DotProduct Elt Encode EndsWith EqualNull EuclideanDistance Exp Extract
Factorial FarmFingerprint First FirstValue Float64 Floor Format FromBase FromBase32
FromBase64 FromISO8601Date FromISO8601Timestamp FromISO8601TimestampNanos FromJson
GenerateDateArray GenerateSeries GenerateTimestampArray GetIgnoreCase Getbit Greatest
GroupConcat Grouping GroupingId HashAgg Hex HexDecodeString Hll Hour If Initcap Int64
IsArray IsAscii IsInf IsNan IsNullValue JSONArray JSONArrayAgg JSONArrayAppend
JSONArrayContains JSONArrayInsert JSONBContains JSONBContainsAllTopKeys
JSONBContainsAnyTopKeys JSONBContainsTopKey JSONBDeleteAtPath JSONBExists JSONBExtract
JSONBExtractScalar JSONBObjectAgg JSONBPathExists JSONBool JSONCast JSONExists JSONExtract
JSONExtractArray JSONExtractScalar JSONFormat JSONKeys JSONKeysAtDepth JSONObject
JSONObjectAgg JSONRemove JSONSet JSONStripNulls JSONType JSONValueArray
JarowinklerSimilarity JustifyDays JustifyHours JustifyInterval Kurtosis Lag Last LastDay
LastValue LaxBool LaxFloat64 LaxInt64 LaxString Lead Least Left Length Levenshtein List Ln
Localtime Localtimestamp Log LogicalAnd LogicalOr Lower LowerHex MD5 MD5Digest
MD5NumberLower64 MD5NumberUpper64 MakeInterval ManhattanDistance Map MapCat MapContainsKey
MapDelete MapFromEntries MapInsert MapKeys MapPick MapSize MatchAgainst Max Median Min
Minhash MinhashCombine Minute Mode Month Monthname MonthsBetween Nanvl Negative NextDay
Normalize NthValue Ntile Nullif NumberToStr Nvl2 ObjectAgg ObjectInsert ObjectTransform Or
Overlay Pad ParseBignumeric ParseDatetime ParseIp ParseJSON ParseNumeric ParseTime ParseUrl
PercentRank PercentileCont PercentileDisc Pi Pow PreviousDay Quantile Quarter Radians Rand
RangeBucket Rank Reduce RegexpCount RegexpExtract RegexpExtractAll RegexpFullMatch
RegexpILike RegexpInstr RegexpLike RegexpReplace RegexpSplit RegexpSubstr RegrAvgx RegrAvgy
RegrCount RegrIntercept RegrR2 RegrSlope RegrSxx RegrSxy RegrSyy RegrValx RegrValy Repeat
Replace Reverse Right Rint Round RowNumber RtrimmedLength SHA SHA1Digest SHA2 SHA2Digest
SafeAdd SafeConvertBytesToString SafeDivide SafeMultiply SafeNegate SafeSubtract Sec Sech
Second Sign Sin Sinh Skewness Soundex SoundexP123 Space Split SplitPart Sqrt StDistance
StPoint StarMap StartsWith Stddev StddevPop StddevSamp StrPosition StrToDate StrToMap
StrToTime StrToUnix String StringToArray StripNullValue Strtok StrtokToArray Struct
StructExtract Stuff Substring SubstringIndex Sum Systimestamp Tan Tanh Time TimeAdd TimeDiff
TimeFromParts TimeSlice TimeStrToDate TimeStrToTime TimeStrToUnix TimeSub TimeToStr
TimeToTimeStr TimeToUnix TimeTrunc Timestamp TimestampAdd TimestampDiff TimestampFromParts
TimestampLtzFromParts TimestampSub TimestampTrunc TimestampTzFromParts ToArray ToBase32
ToBase64 ToBinary ToBoolean ToChar ToCodePoints ToDays ToDecfloat ToDouble ToMap ToNumber
ToVariant Transform Translate Trim Trunc TryBase64DecodeBinary TryBase64DecodeString TryCast
TryHexDecodeBinary TryHexDecodeString TryToDecfloat TsOrDiToDi TsOrDsAdd TsOrDsDiff
TsOrDsToDate TsOrDsToDateStr TsOrDsToDatetime TsOrDsToTime TsOrDsToTimestamp Typeof Unhex
Unicode UnixDate UnixMicros UnixMillis UnixSeconds UnixToStr UnixToTime UnixToTimeStr Upper
UtcDate UtcTime UtcTimestamp VarMap Variance VariancePop Week WeekOfYear WeekStart
WeightString WidthBucket Xor Year YearOfWeek YearOfWeekIso
"""
KNOWN = frozenset(_KNOWN.split())

# Names of functions that only some databases have, in lower case.
_NAMED = """
abs acos adddate addtime age any_value approx_count_distinct approx_quantile arg_max arg_min
array_agg array_contains array_distinct array_length array_position array_to_string ascii
asin atan avg bit_and bit_count bit_length bit_or bool_and bool_or btrim cardinality cbrt
ceil ceiling century char char_length character_length chr clock_timestamp coalesce concat
concat_ws contains corr cos cosh count count_if countif covar_pop covar_samp cume_dist
curdate curtime date date_add date_bin date_diff date_format date_from_parts date_part
date_sub date_trunc datediff datepart datesub datetime day dayname dayofmonth dayofweek
dayofyear decade degrees dense_rank div elt ends_with epoch epoch_ms epoch_ns epoch_us era
even every exp extract field find_in_set first first_value floor format from_days
from_unixtime fsum gcd generate_series geomean geometric_mean greatest group_concat hamming
hash hour ifnull iif initcap instr isfinite isinf isnan isodow isoweek isoyear jaccard
jaro_similarity jaro_winkler_similarity json_array_length json_each json_extract
json_extract_path json_extract_path_text json_extract_string json_group_array
json_group_object json_keys json_quote json_tree json_type json_valid json_value
jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_each jsonb_each_text
jsonb_extract_path jsonb_extract_path_text jsonb_object_keys jsonb_typeof julian julianday
justify_days kahan_sum kurtosis kurtosis_pop last last_day last_value lcm least left len
length levenshtein list list_aggregate list_avg list_contains list_distinct list_max
list_min list_sort list_sum list_unique list_value listagg ln localtime localtimestamp
locate log log10 log2 lower lpad ltrim mad make_date make_interval make_time make_timestamp
makedate maketime max maxif md5 median microsecond mid millennium millisecond min minif
minute mod mode month monthname months_between nanosecond now nth_value ntile nullif nvl
octet_length percent_rank percentile_cont percentile_disc pi position pow power printf
product quantile quantile_cont quantile_disc quarter radians random range rank regexp_count
regexp_extract regexp_extract_all regexp_full_match regexp_instr regexp_like regexp_matches
regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy
regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace
reverse right round row_number rpad rtrim scale second sem sha1 sha256 sign sin sinh
skewness soundex split split_part sqrt starts_with stddev stddev_pop stddev_samp str_to_date
strftime string_agg string_split string_to_array string_to_table strip_accents strpos
strptime subdate substr substring substring_index subtime sum sumif sysdate tan tanh time
time_bucket timediff timestampadd timestampdiff timezone to_char to_date to_days to_hours
to_minutes to_months to_number to_seconds to_timestamp to_timestamp_ms to_weeks to_years
total translate trim trunc truncate try_strptime typeof unicode unix_timestamp unixepoch
unnest upper utc_date utc_timestamp var_pop var_samp variance wavg week weekday weekofyear
weekyear width_bucket xor year yearweek zeroifnull
"""
NAMED = frozenset(_NAMED.split())

# Those of NAMED that make one value of many rows.
_NAMED_AGGREGATES = """
any_value approx_count_distinct approx_quantile arg_max arg_min array_agg avg bit_and bit_or
bool_and bool_or corr count count_if countif covar_pop covar_samp every first fsum geomean
geometric_mean group_concat json_group_array json_group_object kahan_sum kurtosis
kurtosis_pop last list listagg mad max maxif median min minif mode percentile_cont
percentile_disc product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count
regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop
stddev_samp string_agg sum sumif total var_pop var_samp variance wavg
"""
NAMED_AGGREGATES = frozenset(_NAMED_AGGREGATES.split())

# Functions that may stand where a table stands: by class and by name.
TABLE_KNOWN = frozenset(
    {"ExplodingGenerateSeries", "GenerateSeries", "Unnest", "Explode", "JSONTable"}
)
_TABLE_NAMED = """
generate_series json_each json_tree jsonb_array_elements jsonb_array_elements_text jsonb_each
jsonb_each_text jsonb_object_keys range regexp_split_to_table string_to_table unnest
"""
TABLE_NAMED = frozenset(_TABLE_NAMED.split())
